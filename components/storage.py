"""The storage account for backups, exports and anchors of the audit trail: no keys, no public blobs.

Backups stand in a container with version-level immutability: no version can be deleted before its days are over. The
policy is made unlocked; locking it is a person's decision that nobody can take back, and the program never takes it
(`az storage container immutability-policy lock`). So do the anchors of the audit trail, which hold hashes and nothing
of anybody, and are never deleted. Exports are personal data that must be erasable, so their container has no such
policy and a short life.
"""

from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_azure_native import authorization, storage

from components import roles, storage_account, storage_retention
from components.identity import WorkloadIdentity
from components.networking.private_link import PrivateLink, PrivateService
from components.platform import Platform
from components.storage_settings import StorageSettings

AUDIT: Final = "audit"
"""The container that the heads of the audit trail are anchored in, and that the ledger of erasures is in."""
BACKUPS: Final = "backups"
"""The container that the backup job writes to."""
EXPORTS: Final = "exports"
"""The container that exports are fetched from."""


@dataclass(frozen=True, kw_only=True)
class StorageArgs:
    """Arguments of `Storage`."""

    platform: Platform
    settings: StorageSettings


class Storage(pulumi.ComponentResource):
    """A storage account with the containers `audit`, `backups` and `exports`."""

    id: pulumi.Output[str]
    """Resource id of the account; that of its blobs ends in `/blobServices/default`."""
    blob_endpoint: pulumi.Output[str]
    """The address of the account's blobs, ending in a slash."""
    audit: pulumi.Output[str]
    """The container for anchors of the audit trail and the ledger of erasures."""
    backups: pulumi.Output[str]
    """The container for backups."""
    exports: pulumi.Output[str]
    """The container for exports."""
    private_link: PrivateLink | None
    """What a private endpoint connects to; None while the public address is open."""

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:Storage", name, None, opts)
        settings = args.settings
        self._name, self._settings, self._group = name, settings, args.platform.resource_group_name
        account = storage_account.account(
            name,
            args.platform,
            sku=settings.sku,
            private=settings.private,
            opts=pulumi.ResourceOptions(parent=self, protect=settings.protect),
        )
        blobs = storage_retention.recoverable(
            name,
            account,
            self._group,
            days=settings.soft_delete_days,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._audit = self._container(AUDIT, account, blobs, immutability_days=settings.audit_days)
        self._backups = self._container(BACKUPS, account, blobs, immutability_days=settings.immutability_days)
        self._exports = self._container(EXPORTS, account, blobs, immutability_days=0)
        storage_retention.limited(
            f"{name}-lifecycle",
            account,
            self._group,
            days={BACKUPS: settings.backup_days, EXPORTS: settings.export_days},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[blobs]),
        )
        self.id = account.id
        self.blob_endpoint = account.primary_endpoints.blob
        self.audit, self.backups, self.exports = (
            container.name for container in (self._audit, self._backups, self._exports)
        )
        link = PrivateLink(service=PrivateService.STORAGE, resource_id=account.id)
        self.private_link = link if settings.private else None
        self.register_outputs({"id": self.id, "blob_endpoint": self.blob_endpoint})

    def grant_anchor(self, identity: WorkloadIdentity) -> authorization.RoleAssignment:
        """Let `identity` write and read anchors and the ledger of erasures, which stay for the declared days."""
        return self._grant(identity, AUDIT, self._audit)

    def grant_read_backups(self, identity: WorkloadIdentity) -> authorization.RoleAssignment:
        """Let `identity` read backups, and nothing else of the account."""
        return self._grant(identity, BACKUPS, self._backups, roles.Role.STORAGE_BLOB_DATA_READER)

    def grant_write_backups(self, identity: WorkloadIdentity) -> authorization.RoleAssignment:
        """Let `identity` write and read backups, and nothing else of the account."""
        return self._grant(identity, BACKUPS, self._backups)

    def grant_exports(self, identity: WorkloadIdentity) -> authorization.RoleAssignment:
        """Let `identity` write, read and delete exports, and nothing else of the account.

        Who only reads and deletes has this role too: no built-in one deletes without writing.
        """
        return self._grant(identity, EXPORTS, self._exports)

    def _grant(
        self,
        identity: WorkloadIdentity,
        what: str,
        container: storage.BlobContainer,
        role: roles.Role = roles.Role.STORAGE_BLOB_DATA_CONTRIBUTOR,
    ) -> authorization.RoleAssignment:
        return roles.assign(role, identity, what=f"{self._name}-{what}", scope=container.id, parent=self)

    def _container(
        self,
        what: str,
        account: storage.StorageAccount,
        blobs: storage.BlobServiceProperties,
        *,
        immutability_days: int,
    ) -> storage.BlobContainer:
        name, group = f"{self._name}-{what}", self._group
        # Immutability is fixed at creation, and accepted of an account that already keeps versions only.
        versions = storage.ImmutableStorageWithVersioningArgs(enabled=True) if immutability_days else None
        container = storage.BlobContainer(
            name,
            container_name=what,
            account_name=account.name,
            resource_group_name=group,
            public_access=storage.PublicAccess.NONE,
            immutable_storage_with_versioning=versions,
            opts=pulumi.ResourceOptions(parent=self, protect=self._settings.protect, depends_on=[blobs]),
        )
        if immutability_days:
            opts = pulumi.ResourceOptions(parent=self)
            storage_retention.immutable(name, account, container, group, days=immutability_days, opts=opts)
        return container
