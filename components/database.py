"""PostgreSQL Flexible Server that knows no passwords: every login is an Entra token of a managed identity.

The children are made one after another, because the server refuses a second change while it is busy with the
first (`ServerIsBusy`), and the administrator before the database: on a server without an administrator a database
belongs to Azure's own `azuresu`, and nobody may make a table in it
(github.com/hashicorp/terraform-provider-azurerm/issues/27895). The connectivity mode is public access, which a
later private endpoint needs too; until it exists the one firewall rule admits addresses inside Azure, and the token
decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import pulumi
from pulumi_azure_native import dbforpostgresql as postgres
from pydantic import Field

from components import names
from components.identity import WorkloadIdentity
from components.platform import Platform
from components.section import Conflict, Section

DATABASE: Final = "digitalmee"
"""The database with the product's tables."""

_FAMILIES: Final = {"Burstable": "Standard_B", "GeneralPurpose": "Standard_D", "MemoryOptimized": "Standard_E"}


class DatabaseSettings(Section):
    """The size of the database server and what survives its loss."""

    version: Literal["16", "17", "18"]
    """Major version of PostgreSQL."""
    sku_tier: Literal["Burstable", "GeneralPurpose", "MemoryOptimized"]
    """Kind of compute."""
    sku_name: Annotated[str, Field(pattern=r"^Standard_[BDE][A-Za-z0-9_]+$")]
    """Compute size, of the family of `sku_tier`."""
    storage_gb: Literal[32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384]
    """Gigabytes of storage. Grows by itself and never shrinks: once it has grown, a smaller number is refused."""
    backup_retention_days: Annotated[int, Field(ge=7, le=35)]
    """Days that a point in time can be restored."""
    geo_redundant_backup: bool
    """Whether backups are also kept in the paired region; fixed once the server exists."""
    high_availability: Literal["Disabled", "SameZone", "ZoneRedundant"]
    """Where the standby runs."""
    protect: bool
    """Whether server and database refuse to be deleted by the program."""

    def conflicts(self) -> Iterator[Conflict]:
        """Yield a size of another tier, and a standby that the tier cannot have."""
        family = _FAMILIES[self.sku_tier]
        if not self.sku_name.startswith(family):
            yield "sku_name", f'"{self.sku_name}" is not of the tier {self.sku_tier} (allowed {family}...)'
        if self.sku_tier == "Burstable" and self.high_availability != "Disabled":
            yield (
                "high_availability",
                f'"{self.high_availability}" needs another tier than Burstable (allowed "Disabled")',
            )


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    """Arguments of `Database`."""

    platform: Platform
    settings: DatabaseSettings
    administrator: WorkloadIdentity
    """Who may create roles and change the schema."""


class Database(pulumi.ComponentResource):
    """A PostgreSQL server with one database and one Entra administrator."""

    host: pulumi.Output[str]
    """`host` or `host:port` of the server."""
    database_name: pulumi.Output[str]
    """The database with the product's tables; known once it can be migrated."""

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:Database", name, None, opts)
        group = args.platform.resource_group_name
        server = self._server(name, args)
        firewall = postgres.FirewallRule(
            f"{name}-azure",
            firewall_rule_name="azure",
            server_name=server.name,
            resource_group_name=group,
            start_ip_address="0.0.0.0",  # noqa: S104 - Azure's own spelling of "addresses inside Azure", not a listener
            end_ip_address="0.0.0.0",  # noqa: S104 - as above
            opts=pulumi.ResourceOptions(parent=self),
        )
        administrator = postgres.AdministratorsMicrosoftEntra(
            f"{name}-administrator",
            object_id=args.administrator.principal_id,
            principal_name=args.administrator.role,
            principal_type="ServicePrincipal",
            server_name=server.name,
            resource_group_name=group,
            tenant_id=args.platform.tenant_id,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[firewall]),
        )
        database = postgres.Database(
            f"{name}-{DATABASE}",
            database_name=DATABASE,
            server_name=server.name,
            resource_group_name=group,
            charset="UTF8",
            collation="en_US.utf8",
            opts=pulumi.ResourceOptions(parent=self, protect=args.settings.protect, depends_on=[administrator]),
        )
        self.host = server.fully_qualified_domain_name
        self.database_name = database.name
        self.register_outputs({"host": self.host, "database_name": self.database_name})

    def _server(self, name: str, args: DatabaseArgs) -> postgres.Server:
        return postgres.Server(
            name,
            server_name=names.database_server(args.platform.environment, args.platform.unique),
            resource_group_name=args.platform.resource_group_name,
            version=args.settings.version,
            sku=postgres.SkuArgs(name=args.settings.sku_name, tier=args.settings.sku_tier),
            storage=postgres.StorageArgs(storage_size_gb=args.settings.storage_gb, auto_grow="Enabled"),
            backup=_backup(args.settings),
            high_availability=postgres.HighAvailabilityArgs(mode=args.settings.high_availability),
            auth_config=_entra_only(args.platform.tenant_id),
            network=postgres.NetworkArgs(public_network_access="Enabled"),
            create_mode="Default",
            tags=args.platform.tags(name),
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.settings.protect,
                custom_timeouts=pulumi.CustomTimeouts(create="60m"),
                # a failover swaps the zones of primary and standby
                ignore_changes=["availabilityZone", "highAvailability.standbyAvailabilityZone"],
            ),
        )


def _entra_only(tenant_id: str) -> postgres.AuthConfigArgs:
    enabled, disabled = postgres.MicrosoftEntraAuth.ENABLED, postgres.PasswordBasedAuth.DISABLED
    return postgres.AuthConfigArgs(active_directory_auth=enabled, password_auth=disabled, tenant_id=tenant_id)


def _backup(settings: DatabaseSettings) -> postgres.BackupArgs:
    return postgres.BackupArgs(
        backup_retention_days=settings.backup_retention_days,
        geo_redundant_backup="Enabled" if settings.geo_redundant_backup else "Disabled",
    )
