"""The PostgreSQL server. Mocks prove construction, nothing of Azure."""

import pytest
from pydantic import ValidationError

from components.database import Database, DatabaseArgs, DatabaseSettings
from components.identity import WorkloadIdentity, WorkloadIdentityArgs
from tests.tape import TENANT, Tape, record
from tests.unit.components.parts import platform, tags

SMALLEST = DatabaseSettings(
    version="18",
    sku_tier="Burstable",
    sku_name="Standard_B1ms",
    storage_gb=32,
    backup_retention_days=7,
    geo_redundant_backup=False,
    high_availability="Disabled",
    protect=False,
)
EVERYTHING = DatabaseSettings(
    version="17",
    sku_tier="GeneralPurpose",
    sku_name="Standard_D2ds_v5",
    storage_gb=64,
    backup_retention_days=35,
    geo_redundant_backup=True,
    high_availability="ZoneRedundant",
    protect=True,
)


def _tape(settings: DatabaseSettings) -> Tape:
    def program() -> None:
        place = platform()
        administrator = WorkloadIdentity("migrator", WorkloadIdentityArgs(platform=place))
        Database("database", DatabaseArgs(platform=place, settings=settings, administrator=administrator))

    return record(program)


def test_smallest_is_a_server_that_knows_no_passwords() -> None:
    server = _tape(SMALLEST).one("Server", "database")
    assert not server.protect
    assert server.inputs == {
        "authConfig": {"activeDirectoryAuth": "Enabled", "passwordAuth": "Disabled", "tenantId": TENANT},
        "availabilityZone": "",
        "backup": {"backupRetentionDays": 7, "geoRedundantBackup": "Disabled"},
        "createMode": "Default",
        "highAvailability": {"mode": "Disabled", "standbyAvailabilityZone": ""},
        "network": {"publicNetworkAccess": "Enabled"},
        "resourceGroupName": "rg-dme-test",
        "serverName": "psql-dme-test-abc1",
        "sku": {"name": "Standard_B1ms", "tier": "Burstable"},
        "storage": {"autoGrow": "Enabled", "storageSizeGB": 32},
        "tags": tags("database"),
        "version": "18",
    }


def test_everything_has_a_standby_and_backups_elsewhere_and_is_protected() -> None:
    tape = _tape(EVERYTHING)
    server = tape.one("Server", "database")
    assert server.inputs["highAvailability"]["mode"] == "ZoneRedundant"
    assert server.inputs["backup"] == {"backupRetentionDays": 35, "geoRedundantBackup": "Enabled"}
    assert server.protect
    assert tape.one("dbforpostgresql:Database", "database-digitalmee").protect


def test_the_children_are_made_one_after_another_and_the_database_belongs_to_the_administrator() -> None:
    tape = _tape(SMALLEST)
    server = tape.one("Server", "database")
    firewall = tape.one("FirewallRule", "database-azure")
    administrator = tape.one("AdministratorsMicrosoftEntra", "database-administrator")
    database = tape.one("dbforpostgresql:Database", "database-digitalmee")
    assert server.urn in firewall.depends_on
    assert firewall.urn in administrator.depends_on
    assert administrator.urn in database.depends_on


def test_the_administrator_is_the_given_identity() -> None:
    administrator = _tape(SMALLEST).one("AdministratorsMicrosoftEntra", "database-administrator").inputs
    assert administrator["objectId"] == "principal-of-id-dme-migrator-test"
    assert administrator["principalName"] == "id-dme-migrator-test"
    assert administrator["principalType"] == "ServicePrincipal"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"high_availability": "SameZone"}, "needs another tier than Burstable"),
        ({"sku_name": "Standard_D2ds_v5"}, "not of the tier Burstable"),
        ({"storage_gb": 33}, "Input should be 32"),
        ({"backup_retention_days": 36}, "less than or equal to 35"),
    ],
)
def test_refused_is_what_azure_would_refuse(change: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        DatabaseSettings.model_validate(SMALLEST.model_dump() | change)
