"""Microsoft.KeyVault: vaults and the secrets that ARM writes into them."""

from collections.abc import Iterable
from contextlib import suppress
from ipaddress import ip_network
from typing import Any, ClassVar

from localazure.errors import AzureError
from localazure.planes.vault import VaultAddress
from localazure.planes.vault_store import VaultError
from localazure.resource_type import RESOURCE_GROUP, ResourceType, name_problem
from localazure.services.keyvault_item import item_end, item_name
from localazure.store import Record
from localazure.validation import Problem

_VAULT = RESOURCE_GROUP + "/providers/Microsoft.KeyVault/vaults/{vaultName}"


class Vault(ResourceType):
    """A vault. Its name stays taken while it is in deleted state."""

    token = "keyvault:Vault"
    path = _VAULT
    soft_deleted: ClassVar[bool] = True

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, protection that cannot be said to be off (both in the words of the ARM reference), network."""
        yield from name_problem(
            inputs,
            "vaultName",
            r"[A-Za-z](?!.*--)[A-Za-z0-9-]{1,22}[A-Za-z0-9]",
            "a vault's name must be between 3-24 alphanumeric characters, begin with a letter, end with a letter or "
            "digit, and not contain consecutive hyphens.",
        )
        properties = inputs.get("properties", {})
        if properties.get("enablePurgeProtection") is False:
            yield (
                "properties.enablePurgeProtection",
                'the property "enablePurgeProtection" cannot be set to false. Leave it out',
            )
        days = properties.get("softDeleteRetentionInDays", 90)
        if not 7 <= days <= 90:  # noqa: PLR2004 - the rule's own numbers
            yield "properties.softDeleteRetentionInDays", f"'{days}' is not a retention in days: 7 to 90"
        access = properties.get("publicNetworkAccess", "enabled")
        if access.lower() not in {"enabled", "disabled"}:
            yield "properties.publicNetworkAccess", f"'{access}' is not valid. Allowed: enabled, disabled"
        for rule in properties.get("networkAcls", {}).get("ipRules", ()):
            yield from _range_problem(rule.get("value", ""))

    async def put(self, record: Record, previous: Record | None) -> None:
        """Start the vault's data plane. Subnets of its network rules must exist.

        Raises:
            AzureError: the name is taken by a vault in deleted state (ConflictError, as seen in
                github.com/alan-turing-institute/data-safe-haven/issues/2523), by another live one, protection
                would be turned off, or the retention changed (Microsoft Learn, "Azure Key Vault soft-delete
                overview": once set, it cannot be changed).
        """
        properties = record.inputs["properties"]
        for rule in properties.get("networkAcls", {}).get("virtualNetworkRules", ()):
            self.subscription.need(rule["id"])
        deleted = self._deleted_namesake(record) if previous is None else None
        if deleted and properties.get("createMode") != "recover":
            raise AzureError(
                409,
                "ConflictError",
                "A vault with the same name already exists in deleted state. You need to either recover or purge "
                "existing key vault.",
            )
        if previous and _protection(previous)[0] and not _protection(record)[0]:
            raise AzureError(
                400,
                "BadRequest",
                'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for '
                "a vault is an irreversible action.",
            )
        if previous and _protection(previous)[1] != _protection(record)[1]:
            raise AzureError(
                400,
                "BadRequest",
                'The property "softDeleteRetentionInDays" has been set already and it can\'t be modified.',
            )
        if previous and _protection(previous) != _protection(record):
            # It is opened again with the new rules, at its address.
            await self.subscription.runtime.vaults.close(record.id)
        record.outputs["properties"] |= {
            "vaultUri": await self._open(record),
            "provisioningState": "Succeeded",
        }
        if deleted:
            self.subscription.store.forget_deleted(deleted.id)

    def _deleted_namesake(self, record: Record) -> Record | None:
        if self.is_name_taken(record):
            raise AzureError(409, "VaultAlreadyExists", f"The vault name '{record.name}' is already in use.")
        gone = (r for r in self.subscription.store.deleted() if r.token == self.token)
        return next((r for r in gone if r.name.lower() == record.name.lower()), None)

    def purge(self, record: Record) -> None:
        """Forget the secrets of a vault that leaves deleted state for good."""
        self.subscription.runtime.vaults.purge(record.id)

    async def delete(self, record: Record) -> None:
        """Stop the vault's data plane."""
        await self.subscription.runtime.vaults.close(record.id)

    async def recover(self, record: Record) -> None:
        """Start the vault's data plane again, at the address it had."""
        await self._open(record)

    async def _open(self, record: Record) -> str:
        purge_protection, retention_days = _protection(record)
        return await self.subscription.runtime.vaults.open(
            VaultAddress(location=record.outputs["location"], resource_id=record.id),
            purge_protection=purge_protection,
            retention_days=retention_days,
        )

    def status(self, record: Record) -> dict[str, Any] | None:
        """Where the vault answers."""
        return {"kind": "vault", "name": record.name, "address": record.outputs["properties"]["vaultUri"]}


def _range_problem(value: str) -> Iterable[Problem]:
    """Firewall rules take public IPv4 addresses and ranges (Microsoft, "Network security for Azure Key Vault")."""
    try:
        is_public = ip_network(value).is_global and ":" not in value
    except ValueError:
        is_public = False
    if not is_public:
        yield "properties.networkAcls.ipRules", f"'{value}' is not a public IPv4 address or CIDR range"


def _protection(record: Record) -> tuple[bool, int]:
    """Whether deleted secrets wait for their purge date, and how many days."""
    properties = record.inputs["properties"]
    return properties.get("enablePurgeProtection", False), properties.get("softDeleteRetentionInDays", 90)


class Secret(ResourceType):
    """A secret written through ARM. Every PUT with a value is a new version; the value is never answered.

    A secret that was deleted and is made again is recovered (github.com/pulumi/pulumi-azure-native/pull/4759).
    """

    token = "keyvault:Secret"
    path = _VAULT + "/secrets/{secretName}"
    force_new = frozenset[str]()

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule of secrets (Microsoft Learn, "Naming rules and restrictions"), and an end before 1970."""
        yield from item_name(inputs, "secretName")
        yield from item_end(inputs)

    async def put(self, record: Record, previous: Record | None) -> None:
        """Keep the value as a version in the vault, and answer its address alone.

        Raises:
            AzureError: there is no vault or no value, or the vault refuses the value.
        """
        vault = self.subscription.need(record.id.rsplit("/secrets/", 1)[0])
        properties = record.inputs["properties"]
        value = properties.get("value")
        if value is None and previous is None:
            raise AzureError(400, "BadParameter", "The property 'properties.value' is required for a new secret.")
        if value is not None:
            record.hidden["version"] = self._set(vault, record.name, value, properties.get("contentType"))
        address = f"{vault.outputs['properties']['vaultUri']}secrets/{record.name}"
        record.outputs["properties"].pop("value", None)
        record.outputs["properties"] |= {
            "secretUri": address,
            "secretUriWithVersion": f"{address}/{record.hidden['version']}",
        }
        record.inputs = {**record.inputs, "properties": {k: v for k, v in properties.items() if k != "value"}}

    def _set(self, vault: Record, name: str, value: str, content_type: str | None) -> str:
        secrets = self.subscription.runtime.vaults.secrets(vault.id)
        try:
            if any(gone.name == name for gone in secrets.deleted()):
                secrets.recover(name)
            return secrets.set(name, value, content_type=content_type).version
        except VaultError as error:
            raise AzureError(error.status, error.code, str(error)) from error

    async def delete(self, record: Record) -> None:
        """Delete the secret in the vault; it stays recoverable there."""
        with suppress(VaultError):  # a person has deleted it in the vault already
            self.subscription.runtime.vaults.secrets(record.id.rsplit("/secrets/", 1)[0]).delete(record.name)
