"""The PostgreSQL server. Mocks prove construction, nothing of Azure."""

import pulumi
import pytest
from hypothesis import given, strategies
from hypothesis import settings as hypothesis_settings
from pydantic import ValidationError

from components.database import Database, DatabaseArgs
from components.database_settings import DatabaseSettings
from components.identity import WorkloadIdentity, WorkloadIdentityArgs
from tests.computed import guid
from tests.tape import TENANT, Tape, record, recorded_once
from tests.unit.components.parts import platform, tags

SMALLEST = DatabaseSettings(
    version="18",
    sku_tier="Burstable",
    sku_name="Standard_B1ms",
    storage_gb=32,
    storage_auto_grow=False,
    backup_retention_days=7,
    geo_redundant_backup=False,
    high_availability="Disabled",
    pgbouncer=False,
    maintenance_day="Sunday",
    maintenance_hour=0,
    private=False,
    protect=False,
)
EVERYTHING = DatabaseSettings(
    version="17",
    sku_tier="GeneralPurpose",
    sku_name="Standard_D2ds_v5",
    storage_gb=64,
    storage_auto_grow=True,
    backup_retention_days=35,
    geo_redundant_backup=True,
    high_availability="ZoneRedundant",
    pgbouncer=True,
    maintenance_day="Saturday",
    maintenance_hour=23,
    private=True,
    protect=True,
)


@recorded_once
def _tape(settings: DatabaseSettings) -> Tape:
    def program() -> None:
        place = platform()
        administrator = WorkloadIdentity("migrator", WorkloadIdentityArgs(platform=place))
        database = Database("database", DatabaseArgs(platform=place, settings=settings, administrator=administrator))
        link = database.private_link
        pulumi.export("private", link and link.resource_id)

    return record(program)


def test_smallest_is_a_server_that_knows_no_passwords() -> None:
    tape = _tape(SMALLEST)
    server = tape.one("Server", "database")
    assert "private" not in tape.exports
    assert not server.protect
    assert server.inputs == {
        "authConfig": {"activeDirectoryAuth": "Enabled", "passwordAuth": "Disabled", "tenantId": TENANT},
        "availabilityZone": "",
        "backup": {"backupRetentionDays": 7, "geoRedundantBackup": "Disabled"},
        "createMode": "Default",
        "highAvailability": {"mode": "Disabled", "standbyAvailabilityZone": ""},
        "maintenanceWindow": {"customWindow": "Enabled", "dayOfWeek": 0, "startHour": 0, "startMinute": 0},
        "network": {"publicNetworkAccess": "Enabled"},
        "resourceGroupName": "rg-dme-test",
        "serverName": "psql-dme-test-abc1",
        "sku": {"name": "Standard_B1ms", "tier": "Burstable"},
        "storage": {"autoGrow": "Disabled", "storageSizeGB": 32},
        "tags": tags("database"),
        "version": "18",
    }


def test_everything_has_a_standby_and_backups_elsewhere_and_is_private_and_protected() -> None:
    tape = _tape(EVERYTHING)
    server = tape.one("Server", "database")
    assert server.inputs["highAvailability"]["mode"] == "ZoneRedundant"
    assert server.inputs["backup"] == {"backupRetentionDays": 35, "geoRedundantBackup": "Enabled"}
    assert server.inputs["maintenanceWindow"]["dayOfWeek"] == 6
    assert server.inputs["network"] == {"publicNetworkAccess": "Disabled"}
    assert server.inputs["storage"]["autoGrow"] == "Enabled"
    assert server.protect
    assert tape.one("dbforpostgresql:Database", "database-digitalmee").protect
    assert tape.of("FirewallRule") == []
    assert tape.exports["private"].endswith("/psql-dme-test-abc1")


def test_the_children_are_made_one_after_another_and_the_database_belongs_to_the_administrator() -> None:
    tape = _tape(SMALLEST)
    server = tape.one("Server", "database")
    firewall = tape.one("FirewallRule", "database-azure")
    administrator = tape.one("AdministratorsMicrosoftEntra", "database-administrator")
    database = tape.one("dbforpostgresql:Database", "database-digitalmee")
    assert server.urn in firewall.depends_on
    assert firewall.urn in administrator.depends_on
    assert administrator.urn in database.depends_on


@pytest.mark.parametrize(("settings", "first"), [(SMALLEST, None), (EVERYTHING, "pgbouncer.enabled")])
def test_parameters_are_set_one_after_another_when_the_database_is_there(
    settings: DatabaseSettings, first: str | None
) -> None:
    tape = _tape(settings)
    before = tape.one("dbforpostgresql:Database", "database-digitalmee")
    made = [item.inputs["configurationName"] for item in tape.of("Configuration")]
    for item in tape.of("Configuration"):
        assert before.urn in item.depends_on
        before = item
    assert made[:5] == [
        "connection_throttle.enable",
        "log_checkpoints",
        "metrics.collector_database_activity",
        "require_secure_transport",
        "ssl_min_protocol_version",
    ]
    assert next(iter(made[5:]), None) == first


def test_the_administrator_is_the_given_identity() -> None:
    administrator = _tape(SMALLEST).one("AdministratorsMicrosoftEntra", "database-administrator").inputs
    assert administrator["objectId"] == guid("principal of id-dme-migrator-test")
    assert administrator["principalName"] == "id-dme-migrator-test"
    assert administrator["principalType"] == "ServicePrincipal"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"high_availability": "SameZone"}, "needs another tier than Burstable"),
        ({"pgbouncer": True}, "pgbouncer: true needs another tier than Burstable"),
        ({"sku_name": "Standard_D2ds_v5"}, "not of the tier Burstable"),
        ({"sku_name": "Standard_B3ms"}, "not of the tier Burstable"),
        ({"maintenance_hour": 24}, "less than or equal to 23"),
        ({"storage_gb": 33}, "Input should be 32"),
        ({"backup_retention_days": 36}, "less than or equal to 35"),
    ],
)
def test_refused_is_what_azure_would_refuse(change: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        DatabaseSettings.model_validate(SMALLEST.model_dump() | change)


_TIERS = {"Burstable": "Standard_B2s", "GeneralPurpose": "Standard_D4ds_v5", "MemoryOptimized": "Standard_E2ds_v5"}


@hypothesis_settings(max_examples=40)
@given(
    tier=strategies.sampled_from(sorted(_TIERS)),
    size=strategies.sampled_from(sorted(_TIERS.values())),
    mode=strategies.sampled_from(["Disabled", "SameZone", "ZoneRedundant"]),
    pooler=strategies.booleans(),
)
def test_a_size_needs_its_tier_and_a_burstable_one_has_neither_standby_nor_pooler(
    tier: str, size: str, mode: str, *, pooler: bool
) -> None:
    changed = SMALLEST.model_copy(
        update={"sku_tier": tier, "sku_name": size, "high_availability": mode, "pgbouncer": pooler}
    )
    burstable = tier == "Burstable"
    expected = {
        "sku_name": _TIERS[tier] != size,
        "high_availability": burstable and mode != "Disabled",
        "pgbouncer": burstable and pooler,
    }
    assert {key for key, _ in changed.conflicts()} == {key for key, wrong in expected.items() if wrong}
