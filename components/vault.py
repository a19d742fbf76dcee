"""The key vault: roles and no access policies, soft delete always, the keys of third parties and the key of people.

A third-party key is declared here and filled in by a person. The program writes a placeholder once and never
looks again, so the key is in no state file and no stack file; the service reports a placeholder that is still
there. The date by which keys are to be replaced is written with the placeholder: whoever fills in a key gives the new
version a date of its own. Purge protection is sent as true or not at all: Azure refuses false.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import authorization, keyvault

from app.contract import PLACEHOLDER_SECRET
from components import names, roles, vault_key
from components.identity import WorkloadIdentity
from components.networking.private_link import PrivateLink, PrivateService
from components.platform import Platform
from components.vault_settings import VaultSettings


@dataclass(frozen=True, kw_only=True)
class VaultArgs:
    """Arguments of `Vault`."""

    platform: Platform
    settings: VaultSettings
    third_party_secrets: Sequence[str]
    """Names of the keys that a person fills in."""


@dataclass(frozen=True, kw_only=True)
class SecretReference:
    """A secret by its address; never its value."""

    name: str
    url: pulumi.Output[str]
    """Without a version, so that a rotated key arrives without a deployment."""


class Vault(pulumi.ComponentResource):
    """A key vault with the declared third-party secrets, and the key that wraps the keys of people."""

    id: pulumi.Output[str]
    """The vault."""
    uri: pulumi.Output[str]
    """The address of the vault, ending in a slash."""
    people_key_id: pulumi.Output[str]
    """The address of the key of people, without a version: a wrapped key says by which version it was wrapped."""
    private_link: PrivateLink | None
    """Where a private endpoint leads; none when the public address is open."""

    def __init__(self, name: str, args: VaultArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:Vault", name, None, opts)
        platform = args.platform
        vault = keyvault.Vault(
            name,
            vault_name=names.vault(platform.environment, platform.unique),
            resource_group_name=platform.resource_group_name,
            properties=_properties(args.settings, platform.tenant_id),
            tags=platform.tags(name),
            opts=pulumi.ResourceOptions(parent=self, protect=args.settings.protect),
        )
        expiry = keyvault.SecretAttributesArgs(expires=platform.in_days(args.settings.secret_days))
        self._name = name
        self._secrets = {
            secret: keyvault.Secret(
                f"{name}-{secret}",
                secret_name=secret,
                vault_name=vault.name,
                resource_group_name=platform.resource_group_name,
                properties=keyvault.SecretPropertiesArgs(
                    attributes=expiry, content_type="text/plain", value=PLACEHOLDER_SECRET
                ),
                tags=platform.tags(name),
                opts=pulumi.ResourceOptions(
                    # Every later PUT would write the placeholder over the key that a person has filled in: a change
                    # of a tag alone sends the whole resource. So there is none.
                    parent=self,
                    protect=args.settings.protect,
                    ignore_changes=["properties", "tags"],
                ),
            )
            for secret in args.third_party_secrets
        }
        self._people = vault_key.people(f"{name}-people", platform, vault, args.settings, parent=self)
        self.id = vault.id
        self.people_key_id = self._people.key_uri
        self.uri = vault.properties.vault_uri
        link = PrivateLink(service=PrivateService.VAULT, resource_id=vault.id)
        self.private_link = link if args.settings.private else None
        self.register_outputs({"id": self.id, "uri": self.uri})

    def grant_read(self, identity: WorkloadIdentity, secret: str) -> authorization.RoleAssignment:
        """Let `identity` read one declared secret and no other."""
        return roles.assign(
            roles.Role.KEY_VAULT_SECRETS_USER,
            identity,
            what=f"{self._name}-{secret}",
            scope=self._secrets[secret].id,
            parent=self,
        )

    def grant_crypto(self, identity: WorkloadIdentity) -> authorization.RoleAssignment:
        """Let `identity` wrap and unwrap with the key of people, and use no other key."""
        return roles.assign(
            roles.Role.KEY_VAULT_CRYPTO_USER,
            identity,
            what=f"{self._name}-people",
            scope=self._people.id,
            parent=self,
        )

    def secret_reference(self, secret: str) -> SecretReference:
        """Return the address of a declared secret.

        Raises:
            KeyError: The secret is not declared.
        """
        declared = self._secrets[secret]
        return SecretReference(name=secret, url=pulumi.Output.concat(self.uri, "secrets/", declared.name))


def _properties(settings: VaultSettings, tenant_id: str) -> keyvault.VaultPropertiesArgs:
    return keyvault.VaultPropertiesArgs(
        tenant_id=tenant_id,
        sku=keyvault.SkuArgs(family=keyvault.SkuFamily.A, name=keyvault.SkuName.STANDARD),
        enable_rbac_authorization=True,
        enable_soft_delete=True,
        soft_delete_retention_in_days=settings.soft_delete_days,
        enable_purge_protection=True if settings.purge_protection else None,
        network_acls=keyvault.NetworkRuleSetArgs(
            bypass=keyvault.NetworkRuleBypassOptions.AZURE_SERVICES,
            default_action="Deny" if settings.private else "Allow",
        ),
        public_network_access="Disabled" if settings.private else "Enabled",
    )
