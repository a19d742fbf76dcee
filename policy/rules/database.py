"""PostgreSQL Flexible Server."""

from typing import Final

from policy.checks import all_of, beside, between, expect, given, refers_to, value_at
from policy.registration import UNKNOWN, Inputs, registered
from policy.rule import AnyRule, ResourceRule, TapeRule

SERVER, PARAMETER, FIREWALL = "dbforpostgresql:Server", "dbforpostgresql:Configuration", "dbforpostgresql:FirewallRule"
ADMINISTRATOR = "dbforpostgresql:AdministratorsMicrosoftEntra"
PARAMETERS: Final = {
    "require_secure_transport": ("on",),
    "ssl_min_protocol_version": ("TLSv1.2", "TLSv1.3"),
    "log_checkpoints": ("on",),
    "log_connections": ("on",),
    "log_disconnections": ("on",),
    "connection_throttle.enable": ("on",),
}
"""Server parameters that a program may set to nothing else."""


def _parameter(inputs: Inputs) -> str | None:
    allowed = PARAMETERS.get(str(inputs.get("configurationName")))
    return expect("value", *allowed)(inputs) if allowed else None


def _not_everybody(inputs: Inputs) -> str | None:
    first, last = value_at(inputs, "startIpAddress"), value_at(inputs, "endIpAddress")
    return "0.0.0.0 to 0.0.0.0 lets in every customer of Azure" if first == last == "0.0.0.0" else None  # noqa: S104 - the address that is refused


def _narrow(inputs: Inputs) -> str | None:
    first, last = str(value_at(inputs, "startIpAddress")), str(value_at(inputs, "endIpAddress"))
    alike = first.split(".")[:3] == last.split(".")[:3] or UNKNOWN in (first, last)
    return None if alike else f"{first} to {last} is more than one /24"


RULES: tuple[AnyRule, ...] = (
    ResourceRule(
        id="database-entra-only",
        title="Nobody logs in to the database with a password",
        reason="Passwords are shared, leak and are not rotated.",
        source="PSRule Azure.PostgreSQL.AADOnly",
        fix="Set authConfig.activeDirectoryAuth to Enabled and passwordAuth to Disabled.",
        types=(SERVER,),
        check=all_of(
            expect("authConfig.activeDirectoryAuth", "Enabled"),
            expect("authConfig.passwordAuth", "Disabled"),
            expect("administratorLoginPassword", None),
        ),
        passes={"authConfig": {"activeDirectoryAuth": "Enabled", "passwordAuth": "Disabled"}},
        violates={"authConfig": {"activeDirectoryAuth": "Enabled", "passwordAuth": "Enabled"}},
    ),
    ResourceRule(
        id="database-high-availability",
        title="A standby in another zone takes over",
        reason="Without one, a lost zone means a restore from backup.",
        source="PSRule Azure.PostgreSQL.ZoneRedundantHA; APRL PostgreSQL: zone-redundant HA",
        fix="Set highAvailability.mode to ZoneRedundant and a tier other than Burstable.",
        types=(SERVER,),
        check=all_of(
            expect("highAvailability.mode", "ZoneRedundant"),
            expect("sku.tier", "GeneralPurpose", "MemoryOptimized"),
        ),
        passes={"highAvailability": {"mode": "ZoneRedundant"}, "sku": {"name": "s", "tier": "GeneralPurpose"}},
        violates={"highAvailability": {"mode": "Disabled"}, "sku": {"name": "s", "tier": "GeneralPurpose"}},
    ),
    ResourceRule(
        id="database-geo-backup",
        title="Backups are copied to another region",
        reason="A lost region would take the data and its backups.",
        source="PSRule Azure.PostgreSQL.GeoRedundantBackup; APRL PostgreSQL: geo-redundant backup; CKV_AZURE_136",
        fix="Set backup.geoRedundantBackup to Enabled when the server is created; later it cannot be changed.",
        types=(SERVER,),
        check=expect("backup.geoRedundantBackup", "Enabled"),
        passes={"backup": {"geoRedundantBackup": "Enabled"}},
        violates={"backup": {"geoRedundantBackup": "Disabled"}},
    ),
    ResourceRule(
        id="database-backup-days",
        title="The database can be put back to any moment of the last week",
        reason="Damage is often found after days.",
        source="Microsoft, Backup and restore in PostgreSQL Flexible Server; own",
        fix="Set backup.backupRetentionDays between 7 and 35.",
        types=(SERVER,),
        check=between("backup.backupRetentionDays", 7, 35),
        passes={"backup": {"backupRetentionDays": 35}},
        violates={"backup": {"backupRetentionDays": 1}},
    ),
    ResourceRule(
        id="database-maintenance-window",
        title="Maintenance has a time",
        reason="Azure restarts the server when it likes, also at noon.",
        source="PSRule Azure.PostgreSQL.MaintenanceWindow; APRL PostgreSQL: custom maintenance window",
        fix="Set maintenanceWindow.customWindow to Enabled with a day and an hour.",
        types=(SERVER,),
        check=all_of(expect("maintenanceWindow.customWindow", "Enabled"), given("maintenanceWindow.startHour")),
        passes={"maintenanceWindow": {"customWindow": "Enabled", "dayOfWeek": 0, "startHour": 2, "startMinute": 0}},
        violates={"maintenanceWindow": {"customWindow": "Disabled", "startHour": 2}},
    ),
    ResourceRule(
        id="database-auto-grow",
        title="The disk grows before it is full",
        reason="A full disk makes the server read-only.",
        source="APRL PostgreSQL: storage auto-grow",
        fix="Set storage.autoGrow to Enabled.",
        types=(SERVER,),
        check=expect("storage.autoGrow", "Enabled"),
        passes={"storage": {"autoGrow": "Enabled"}},
        violates={"storage": {"autoGrow": "Disabled"}},
    ),
    ResourceRule(
        id="database-parameters",
        title="Server parameters keep TLS, logs and throttling on",
        reason="Each of them is turned off once for a test and never again on.",
        source="PSRule Azure.PostgreSQL.UseSSL and MinTLS; checkov CKV_AZURE_29, 30, 31, 32 intents",
        fix="Remove the parameter or set the allowed value.",
        types=(PARAMETER,),
        check=_parameter,
        passes={"configurationName": "require_secure_transport", "value": "on"},
        violates={"configurationName": "require_secure_transport", "value": "off"},
    ),
    ResourceRule(
        id="database-no-azure-access",
        title="The firewall does not let in all of Azure",
        reason="Every customer's machine in Azure could knock.",
        source="PSRule Azure.PostgreSQL.AllowAzureAccess",
        fix="Reach the server by a private endpoint and remove the rule.",
        types=(FIREWALL,),
        check=_not_everybody,
        passes={"startIpAddress": "198.51.100.4", "endIpAddress": "198.51.100.4"},
        violates={"startIpAddress": "0.0.0.0", "endIpAddress": "0.0.0.0"},  # noqa: S104 - the address that is refused
    ),
    ResourceRule(
        id="database-firewall-narrow",
        title="A firewall rule is no wider than a /24",
        reason="Wide ranges let in strangers.",
        source="PSRule Azure.PostgreSQL.FirewallIPRange",
        fix="Name the addresses that are needed.",
        types=(FIREWALL,),
        check=_narrow,
        passes={"startIpAddress": "198.51.100.0", "endIpAddress": "198.51.100.255"},
        violates={"startIpAddress": "198.51.100.0", "endIpAddress": "198.52.100.0"},
    ),
    TapeRule(
        id="database-administrator",
        title="An identity administers the server",
        reason="Without passwords nobody could make a role or a table.",
        source="PSRule Azure.PostgreSQL.AAD",
        fix="Add an Entra administrator of the server.",
        types=(SERVER,),
        check=beside(
            (ADMINISTRATOR,),
            refers_to("serverName"),
            "no Entra administrator is declared",
        ),
        passes=(registered(SERVER, {"serverName": "psql"}), registered(ADMINISTRATOR, {"serverName": "psql"})),
        violates=(registered(SERVER, {"serverName": "psql"}), registered(ADMINISTRATOR, {"serverName": "other"})),
    ),
)
