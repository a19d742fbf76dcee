"""PostgreSQL Flexible Server that knows no passwords: every login is an Entra token of a managed identity.

The children are made one after another, because the server refuses a second change while it is busy with the
first (`ServerIsBusy`), and the administrator before the database: on a server without an administrator a database
belongs to Azure's own `azuresu`, and nobody may make a table in it
(github.com/hashicorp/terraform-provider-azurerm/issues/27895). The connectivity mode is public access, which a
private endpoint needs too; a server that is not private has one firewall rule, which admits addresses inside Azure,
and the token decides. The service connects to the server itself (port 5432) and pools its own connections; PgBouncer
answers at 6432 for whoever has no pool.
"""

from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_azure_native import dbforpostgresql as postgres

from components import names
from components.database_parameters import configure, parameters
from components.database_settings import DAYS, DatabaseSettings
from components.identity import WorkloadIdentity
from components.networking.private_link import PrivateLink, PrivateService
from components.platform import Platform

DATABASE: Final = "digitalmee"
"""The database with the product's tables."""


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    """Arguments of `Database`."""

    platform: Platform
    settings: DatabaseSettings
    administrator: WorkloadIdentity
    """Who may create roles and change the schema."""


class Database(pulumi.ComponentResource):
    """A PostgreSQL server with one database and one Entra administrator."""

    id: pulumi.Output[str]
    """The server."""
    host: pulumi.Output[str]
    """`host` or `host:port` of the server."""
    database_name: pulumi.Output[str]
    """The database with the product's tables; known once it can be migrated."""
    private_link: PrivateLink | None
    """Where a private endpoint leads, once the server is at rest; none when the public address is open."""

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:Database", name, None, opts)
        group = args.platform.resource_group_name
        server = self._server(name, args)
        administrator = postgres.AdministratorsMicrosoftEntra(
            f"{name}-administrator",
            object_id=args.administrator.principal_id,
            principal_name=args.administrator.role,
            principal_type="ServicePrincipal",
            server_name=server.name,
            resource_group_name=group,
            tenant_id=args.platform.tenant_id,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[server if args.settings.private else self._firewall(name, server, group)],
            ),
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
        at_rest = configure(
            name,
            parameters(pgbouncer=args.settings.pgbouncer),
            server=server,
            resource_group_name=group,
            parent=self,
            after=database,
        )
        self.id = server.id
        self.host = server.fully_qualified_domain_name
        self.database_name = database.name
        link = PrivateLink(service=PrivateService.DATABASE, resource_id=at_rest)
        self.private_link = link if args.settings.private else None
        self.register_outputs({"id": self.id, "host": self.host, "database_name": self.database_name})

    def _firewall(
        self, name: str, server: postgres.Server, resource_group_name: pulumi.Input[str]
    ) -> postgres.FirewallRule:
        return postgres.FirewallRule(
            f"{name}-azure",
            firewall_rule_name="azure",
            server_name=server.name,
            resource_group_name=resource_group_name,
            start_ip_address="0.0.0.0",  # noqa: S104 - Azure's own spelling of "addresses inside Azure", not a listener
            end_ip_address="0.0.0.0",  # noqa: S104 - as above
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _server(self, name: str, args: DatabaseArgs) -> postgres.Server:
        settings = args.settings
        return postgres.Server(
            name,
            server_name=names.database_server(args.platform.environment, args.platform.unique),
            resource_group_name=args.platform.resource_group_name,
            version=settings.version,
            sku=postgres.SkuArgs(name=settings.sku_name, tier=settings.sku_tier),
            storage=postgres.StorageArgs(
                storage_size_gb=settings.storage_gb, auto_grow=_enabled(enabled=settings.storage_auto_grow)
            ),
            backup=postgres.BackupArgs(
                backup_retention_days=settings.backup_retention_days,
                geo_redundant_backup=_enabled(enabled=settings.geo_redundant_backup),
            ),
            high_availability=postgres.HighAvailabilityArgs(mode=settings.high_availability),
            auth_config=_entra_only(args.platform.tenant_id),
            maintenance_window=postgres.MaintenanceWindowArgs(
                custom_window="Enabled",
                day_of_week=DAYS.index(settings.maintenance_day),
                start_hour=settings.maintenance_hour,
                start_minute=0,
            ),
            network=postgres.NetworkArgs(public_network_access=_enabled(enabled=not settings.private)),
            create_mode="Default",
            tags=args.platform.tags(name),
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=settings.protect,
                custom_timeouts=pulumi.CustomTimeouts(create="60m"),
                # a failover swaps the zones of primary and standby
                ignore_changes=["availabilityZone", "highAvailability.standbyAvailabilityZone"],
            ),
        )


def _entra_only(tenant_id: str) -> postgres.AuthConfigArgs:
    enabled, disabled = postgres.MicrosoftEntraAuth.ENABLED, postgres.PasswordBasedAuth.DISABLED
    return postgres.AuthConfigArgs(active_directory_auth=enabled, password_auth=disabled, tenant_id=tenant_id)


def _enabled(*, enabled: bool) -> str:
    return "Enabled" if enabled else "Disabled"
