"""Microsoft.KeyVault: the keys that ARM makes in a vault."""

import copy
import re
from collections.abc import Iterable
from typing import Any, Final

from localazure.errors import AzureError
from localazure.planes.key_store import Lifetime
from localazure.planes.vault_store import VaultError
from localazure.resource_type import RESOURCE_GROUP, ResourceType
from localazure.services.keyvault_item import item_end, item_name
from localazure.store import Record
from localazure.validation import Problem

_SIZES: Final = (2048, 3072, 4096)
_EXPIRY_DAYS: Final = 28
_ALL: Final = ("encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey")


class Key(ResourceType):
    """A key made through ARM: its first version, and no later change (Microsoft, "Keys - Create If Not Exist").

    One that was deleted and is made again is found again: the provider recovers it
    (github.com/pulumi/pulumi-azure-native/pull/4759).
    """

    token = "keyvault:Key"
    path = RESOURCE_GROUP + "/providers/Microsoft.KeyVault/vaults/{vaultName}/keys/{keyName}"
    force_new = frozenset[str]()

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, kinds other than RSA (not imitated), sizes, and versions that live for less than 28 days.

        Sources: Microsoft Learn, "Naming rules and restrictions"; description of `keySize` in the SDK; Microsoft Learn,
        "Configure cryptographic key auto-rotation".
        """
        yield from item_name(inputs, "keyName")
        properties = inputs.get("properties", {})
        if (kind := properties.get("kty", "RSA")) != "RSA":
            yield (
                "properties.kty",
                f"the embedded Azure does not imitate keys of the kind {kind} (NONGOALS.md); use RSA",
            )
        if (size := properties.get("keySize", _SIZES[0])) not in _SIZES:
            yield "properties.keySize", f"'{size}' is not a size of an RSA key: {', '.join(map(str, _SIZES))}"
        yield from item_end(inputs)
        life = properties.get("rotationPolicy", {}).get("attributes", {}).get("expiryTime", "")
        if (days := re.fullmatch(r"P(\d+)D", life)) and int(days[1]) < _EXPIRY_DAYS:
            yield "properties.rotationPolicy.attributes.expiryTime", f"'{life}' is less than {_EXPIRY_DAYS} days"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Make the first version in the vault and answer its address; of a key that is there, answer what it is.

        Raises:
            AzureError: there is no vault, or the vault refuses the key.
        """
        if previous:
            record.outputs = copy.deepcopy(previous.outputs)
            return
        vault = self.subscription.need(record.id.rsplit("/keys/", 1)[0])
        properties = record.inputs["properties"]
        attributes = properties.get("attributes", {})
        lifetime = Lifetime(
            enabled=attributes.get("enabled"),
            expires=attributes.get("expires"),
            not_before=attributes.get("notBefore"),
        )
        try:
            made = self.subscription.runtime.vaults.create_key(
                vault.name,
                record.name,
                kty=properties.get("kty", "RSA"),
                size=properties.get("keySize", _SIZES[0]),
                operations=properties.get("keyOps", _ALL),
                lifetime=lifetime,
            )
        except VaultError as error:
            raise AzureError(error.status, error.code, str(error)) from error
        address = f"{vault.outputs['properties']['vaultUri']}keys/{record.name}"
        found = {"keyUri": address, "keyUriWithVersion": f"{address}/{made.version}"}
        record.outputs |= copy.deepcopy(properties) | found  # the SDK has them at the top

    async def delete(self, record: Record) -> None:
        """Nothing: ARM deletes no key. The provider deletes it in the vault, where it stays recoverable."""
