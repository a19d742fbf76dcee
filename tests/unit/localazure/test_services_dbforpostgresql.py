"""Flexible servers; those that run are real ones."""

import ssl
from typing import Any

import pytest

from localazure.azure import Azure
from localazure.store import Record
from tests.unit.localazure.arm import ACCEPTED, create, problems_of, refused

pytestmark = pytest.mark.integration

SERVER, DATABASE = "dbforpostgresql:Server", "dbforpostgresql:Database"
FIREWALL_RULE, ADMINISTRATOR = "dbforpostgresql:FirewallRule", "dbforpostgresql:AdministratorsMicrosoftEntra"
ADMINISTRATOR_INPUTS = {
    "objectId": "00000000-0000-4000-8000-0000000000b1",
    "principalName": "id-api",
    "principalType": "ServicePrincipal",
}


def server_on_record(azure: Azure, **inputs: Any) -> Record:
    """A server as the subscription knows it, for rules that ask nothing of the one that runs."""
    given = {**ACCEPTED[SERVER], **inputs}
    record = Record(token=SERVER, id=azure.type_of(SERVER).id_of(given), inputs=given, outputs={})
    azure.store.put(record)
    return record


@pytest.mark.parametrize("name", ["ab", "-abc", "abc-", "Abc", "a_bc", "a" * 64])
async def test_a_server_may_not_have_this_name(azure: Azure, name: str) -> None:
    assert "3-63 lower-case" in problems_of(azure, SERVER, serverName=name)["serverName"]


@pytest.mark.parametrize(
    ("tier", "mode", "problems"),
    [("Burstable", "ZoneRedundant", 1), ("Burstable", "Disabled", 0), ("GeneralPurpose", "ZoneRedundant", 0)],
)
async def test_a_burstable_server_has_no_high_availability(azure: Azure, tier: str, mode: str, problems: int) -> None:
    size = "Standard_B1ms" if tier == "Burstable" else "Standard_D2ds_v5"
    found = problems_of(azure, SERVER, sku={"name": size, "tier": tier}, highAvailability={"mode": mode})

    assert list(found) == ["highAvailability.mode"] * problems


async def test_storage_only_grows(azure: Azure) -> None:
    server = server_on_record(azure)

    with refused(400, "ServerStorageSizeInvalid", "Storage can only grow."):
        await azure.update(server.id, {**server.inputs, "storage": {"storageSizeGB": 32}})


async def test_the_name_of_a_server_is_taken_in_every_group(azure: Azure) -> None:
    server_on_record(azure)
    await create(azure, "resources:ResourceGroup", resourceGroupName="other")

    with refused(409, "ServerNameAlreadyExists", "Specified server name 'server' is already used."):
        await create(azure, SERVER, resourceGroupName="other")


@pytest.mark.parametrize(
    ("token", "inputs"), [(DATABASE, {}), (FIREWALL_RULE, {}), (ADMINISTRATOR, ADMINISTRATOR_INPUTS)]
)
async def test_what_belongs_to_a_server_needs_it(azure: Azure, token: str, inputs: dict[str, str]) -> None:
    with refused(404, "ResourceNotFound", "'Microsoft.DBforPostgreSQL/flexibleServers/server' was not found"):
        await create(azure, token, **inputs)


async def test_an_administrator_needs_a_server_that_takes_entra_logins(azure: Azure) -> None:
    server_on_record(azure, authConfig={"activeDirectoryAuth": "Disabled"})

    with refused(400, "AadAuthNotEnabled", "not enabled on server 'server'"):
        await create(azure, ADMINISTRATOR, **ADMINISTRATOR_INPUTS)


@pytest.mark.parametrize("changes", [{"principalType": "Unknown"}, {"principalType": ""}])
async def test_an_administrator_has_a_name_and_a_known_type(azure: Azure, changes: dict[str, str]) -> None:
    server_on_record(azure)

    with refused(400, "InvalidParameterValue", "a principalType of Group, ServicePrincipal, User"):
        await create(azure, ADMINISTRATOR, **(ADMINISTRATOR_INPUTS | changes))


async def test_the_enum_that_the_sdk_took_from_elsewhere_is_mended(azure: Azure) -> None:
    behaviour = azure.type_of(ADMINISTRATOR)

    assert behaviour.allows("principalType", "ServicePrincipal")
    assert not behaviour.allows("principalType", "Robot")
    assert not behaviour.allows("principalName", "User")


async def test_a_server_runs_with_its_databases_until_it_is_deleted(azure: Azure) -> None:
    server = await create(azure, SERVER)
    database = await create(azure, DATABASE, charset="UTF8", collation="en_US.utf8")
    administrator = await create(azure, ADMINISTRATOR, **ADMINISTRATOR_INPUTS)
    await create(azure, FIREWALL_RULE)
    with refused(400, "InvalidParameterValue", "NONSENSE"):
        await create(azure, DATABASE, databaseName="other", charset="NONSENSE")
    with refused(400, "InvalidParameterValue", "pg_reserved"):
        await create(
            azure,
            ADMINISTRATOR,
            **{
                **ADMINISTRATOR_INPUTS,
                "objectId": "00000000-0000-4000-8000-0000000000b2",
                "principalName": "pg_reserved",
            },
        )

    host = server.outputs["fullyQualifiedDomainName"]
    tls = ssl.create_default_context(cafile=str(azure.runtime.authority.bundle))
    assert azure.runtime.authority.bundle.exists()
    assert tls.verify_mode is ssl.CERT_REQUIRED
    assert host.startswith("127.0.0.1:")
    assert server.outputs["version"] == "17"
    assert database.outputs["collation"] == "en_US.utf8"
    assert azure.statuses()[0]["address"] == host
    await azure.delete(database.id)
    await azure.delete(administrator.id)
    await azure.delete(server.id)
    assert azure.statuses() == []


CONFIGURATION = "dbforpostgresql:Configuration"


@pytest.mark.parametrize(
    ("inputs", "at"),
    [
        ({"sku": {"name": "Standard_D2ds_v5", "tier": "Burstable"}}, "sku.name"),
        ({"sku": {"name": "Standard_D3ds_v5", "tier": "GeneralPurpose"}}, "sku.name"),
        ({"availabilityZone": "4"}, "availabilityZone"),
        ({"sku": {"name": "Standard_B3ms", "tier": "Burstable"}}, "sku.name"),
        ({"sku": {"name": "Standard_E2ds_v5", "tier": "GeneralPurpose"}}, "sku.name"),
        ({"storage": {"storageSizeGB": 33}}, "storage.storageSizeGB"),
        ({"backup": {"backupRetentionDays": 6}}, "backup.backupRetentionDays"),
        ({"backup": {"backupRetentionDays": 36}}, "backup.backupRetentionDays"),
        ({"maintenanceWindow": {"dayOfWeek": 7}}, "maintenanceWindow.dayOfWeek"),
        ({"maintenanceWindow": {"startHour": 24}}, "maintenanceWindow.startHour"),
        ({"createMode": "Replica"}, "createMode"),
        (
            {"network": {"delegatedSubnetResourceId": "/subnet", "publicNetworkAccess": "Enabled"}},
            "network.publicNetworkAccess",
        ),
        (
            {"availabilityZone": "1", "highAvailability": {"mode": "ZoneRedundant", "standbyAvailabilityZone": "1"}},
            "highAvailability.standbyAvailabilityZone",
        ),
        ({"authConfig": {"activeDirectoryAuth": "Enabled", "passwordAuth": "Enabled"}}, "administratorLogin"),
        ({"authConfig": {"activeDirectoryAuth": "Disabled", "passwordAuth": "Disabled"}}, "authConfig"),
    ],
)
async def test_a_server_is_refused_what_it_cannot_have(azure: Azure, inputs: dict[str, Any], at: str) -> None:
    assert list(problems_of(azure, SERVER, **inputs)) == [at]
    assert problems_of(azure, SERVER, sku={"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"}) == {}


async def test_a_major_version_does_not_go_back(azure: Azure) -> None:
    server = server_on_record(azure)

    with refused(400, "InvalidParameterValue", "The version cannot go back to 16"):
        await azure.update(server.id, {**server.inputs, "version": "16"})


async def test_a_burstable_server_has_no_pooler_and_a_pooler_that_is_off_no_parameters(azure: Azure) -> None:
    server = server_on_record(azure, sku={"name": "Standard_B1ms", "tier": "Burstable"})
    with refused(404, "ConfigurationNotExists", "Server 'server' has no configuration 'pgbouncer.enabled'."):
        await create(azure, CONFIGURATION, configurationName="pgbouncer.enabled", value="true")

    server.inputs["sku"] = {"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"}
    azure.store.put(server)
    with refused(404, "ConfigurationNotExists", "'pgbouncer.pool_mode'"):
        await create(azure, CONFIGURATION, configurationName="pgbouncer.pool_mode", value="transaction")
    await create(azure, CONFIGURATION, configurationName="pgbouncer.enabled", value="true")
    made = await create(azure, CONFIGURATION, configurationName="pgbouncer.pool_mode", value="transaction")

    assert made.outputs["defaultValue"] == "transaction"
    with refused(400, "InvalidParameterValue", "Allowed: transaction, session."):
        await azure.update(made.id, {**made.inputs, "value": "statement"})
    assert list(problems_of(azure, CONFIGURATION, source="system-default")) == ["source"]


async def test_parameters_are_those_of_the_server_that_runs(azure: Azure) -> None:
    await create(azure, SERVER)

    made = await create(azure, CONFIGURATION)
    await create(azure, CONFIGURATION, configurationName="ssl_min_protocol_version", value="TLSv1.2")
    await create(azure, CONFIGURATION, configurationName="work_mem", value="8192")
    await create(azure, CONFIGURATION, configurationName="log_line_prefix", value="%m ")

    assert (made.outputs["dataType"], made.outputs["value"]) == ("Boolean", "on")
    for name, value in (
        ("log_lock_waits", "perhaps"),
        ("maintenance_work_mem", "8 MB"),
        ("max_connections", "0"),
        ("require_secure_transport", "true"),
    ):
        with refused(400, "InvalidParameterValue", f"The value '{value}' is not valid for '{name}'. Allowed:"):
            await create(azure, CONFIGURATION, configurationName=name, value=value)
    with refused(404, "ConfigurationNotExists", "'no_such_thing'"):
        await create(azure, CONFIGURATION, configurationName="no_such_thing")
