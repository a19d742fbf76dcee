from typing import Any

import pytest

from localazure.azure import Azure
from localazure.store import Record
from tests.unit.localazure.arm import GROUP, create, problems_of, refused

ENDPOINT, NAMES, ZONE = "network:PrivateEndpoint", "network:PrivateDnsZoneGroup", "privatedns:PrivateZone"


async def subnet(azure: Azure, **inputs: Any) -> Record:
    await create(azure, "network:VirtualNetwork")
    return await create(azure, "network:Subnet", **inputs)


async def connect(azure: Azure, place: Record, target: str, *groups: str, name: str = "endpoint") -> Record:
    connection = {"name": "it", "privateLinkServiceId": target, "groupIds": list(groups)}
    return await create(
        azure,
        ENDPOINT,
        privateEndpointName=name,
        privateLinkServiceConnections=[connection],
        subnet={"id": place.id},
    )


def stored(azure: Azure, token: str, path: str, sku: str) -> Record:
    """A service as it is on record; what runs for it does not matter here."""
    resource_id, outputs = f"{GROUP}/providers/{path}/it", {"type": path}
    record = Record(token=token, id=resource_id, inputs={"sku": {"name": sku}}, outputs=outputs)
    azure.store.put(record)
    return record


async def test_an_endpoint_is_approved_at_once(azure: Azure) -> None:
    place, vault = await subnet(azure), await create(azure, "keyvault:Vault")

    endpoint = await connect(azure, place, vault.id, "vault")

    [connection] = endpoint.outputs["privateLinkServiceConnections"]
    assert connection["privateLinkServiceConnectionState"]["status"] == "Approved"


async def test_connections_that_a_person_approves_have_no_imitation(azure: Azure) -> None:
    found = problems_of(azure, ENDPOINT, manualPrivateLinkServiceConnections=[{"name": "it"}])

    assert "have no imitation" in found["manualPrivateLinkServiceConnections"]


@pytest.mark.parametrize("name", ["a", "-a", "a-", "a b", "a" * 65])
async def test_an_endpoint_may_not_have_this_name(azure: Azure, name: str) -> None:
    assert "2-64 letters" in problems_of(azure, ENDPOINT, privateEndpointName=name)["privateEndpointName"]


async def test_an_endpoint_of_nothing_or_in_no_subnet_is_refused(azure: Azure) -> None:
    place, nothing = await subnet(azure), f"{GROUP}/providers/Microsoft.KeyVault/vaults/gone"

    with refused(400, "InvalidResourceReference", f"Resource {nothing} referenced by resource"):
        await connect(azure, place, nothing, "vault")
    await azure.delete(place.id)
    with refused(400, "InvalidResourceReference", f"Resource {place.id} referenced by resource"):
        await connect(azure, place, nothing, "vault")


@pytest.mark.parametrize("groups", [(), ("blob", "file")])
async def test_an_endpoint_has_one_group_id(azure: Azure, groups: tuple[str, ...]) -> None:
    place, account = await subnet(azure), stored(azure, "storage:StorageAccount", "Microsoft.Storage/x", "Standard_LRS")

    with refused(400, "OnlyOneGroupIdPermitted", f"following group Ids: {', '.join(groups) or 'none'}"):
        await connect(azure, place, account.id, *groups)


@pytest.mark.parametrize(
    ("token", "group"),
    [
        ("containerregistry:Registry", "registry"),
        ("dbforpostgresql:Server", "postgresqlServer"),
        ("keyvault:Vault", "vault"),
        ("redisenterprise:RedisEnterprise", "redisEnterprise"),
        ("servicebus:Namespace", "namespace"),
        ("storage:StorageAccount", "blob"),
    ],
)
async def test_a_service_has_its_group_id_and_no_other(azure: Azure, token: str, group: str) -> None:
    place, service = await subnet(azure), stored(azure, token, "Microsoft.Some/services", "Premium")

    with refused(400, "InvalidValuesForRequestParameters", f"invalid: GroupId: account. Known here: {group}."):
        await connect(azure, place, service.id, "account")
    await connect(azure, place, service.id, group)


async def test_a_type_without_imitation_of_endpoints_says_so(azure: Azure) -> None:
    place, workspace = await subnet(azure), await create(azure, "operationalinsights:Workspace")

    with refused(400, "InvalidValuesForRequestParameters", "this type has no imitation of endpoints"):
        await connect(azure, place, workspace.id, "azuremonitor")


@pytest.mark.parametrize(
    ("token", "group"), [("containerregistry:Registry", "registry"), ("servicebus:Namespace", "namespace")]
)
async def test_registry_and_messaging_take_endpoints_in_premium_only(azure: Azure, token: str, group: str) -> None:
    place, service = await subnet(azure), stored(azure, token, "Microsoft.Some/services", "Standard")

    with refused(400, "BadRequest", "private endpoints need the Premium tier, and 'it' is Standard."):
        await connect(azure, place, service.id, group)


async def test_a_delegated_subnet_takes_no_endpoint(azure: Azure) -> None:
    place = await subnet(azure, delegations=[{"name": "apps", "serviceName": "Microsoft.App/environments"}])
    vault = await create(azure, "keyvault:Vault")

    with refused(400, "BadRequest", "has a delegation and cannot be used with a private endpoint"):
        await connect(azure, place, vault.id, "vault")


async def test_a_full_subnet_takes_no_endpoint(azure: Azure) -> None:
    place, vault = await subnet(azure, addressPrefix="10.1.0.0/29"), await create(azure, "keyvault:Vault")
    for number in range(3):
        await connect(azure, place, vault.id, "vault", name=f"endpoint{number}")

    with refused(400, "SubnetIsFull", "10.1.0.0/29 does not have enough capacity for 1 IP addresses"):
        await connect(azure, place, vault.id, "vault", name="one-more")


async def test_a_subnet_with_an_endpoint_is_not_deleted(azure: Azure) -> None:
    place, vault = await subnet(azure), await create(azure, "keyvault:Vault")
    endpoint = await connect(azure, place, vault.id, "vault")

    with refused(400, "InUseSubnetCannotBeDeleted", f"in use by {endpoint.id}"):
        await azure.delete(place.id)


async def test_an_endpoint_registers_its_name_in_the_zone_of_its_service(azure: Azure) -> None:
    vault = await create(azure, "keyvault:Vault")
    await connect(azure, await subnet(azure), vault.id, "vault")
    zone = await create(azure, ZONE)
    other = await create(azure, ZONE, privateZoneName="privatelink.azurecr.io")

    with refused(400, "BadRequest", "looked up in the zone privatelink.vaultcore.azure.net, and not in privatelink.az"):
        await create(azure, NAMES, privateDnsZoneConfigs=[{"name": "it", "privateDnsZoneId": other.id}])
    await create(azure, NAMES, privateDnsZoneConfigs=[{"name": "it", "privateDnsZoneId": zone.id}])


async def test_names_of_no_endpoint_or_in_no_zone_are_refused(azure: Azure) -> None:
    zone, vault = f"{GROUP}/providers/Microsoft.Network/privateDnsZones/z", await create(azure, "keyvault:Vault")

    with refused(404, "ResourceNotFound", "privateEndpoints/endpoint"):
        await create(azure, NAMES)
    await connect(azure, await subnet(azure), vault.id, "vault")
    with refused(400, "InvalidResourceReference", f"Resource {zone} referenced by resource"):
        await create(azure, NAMES, privateDnsZoneConfigs=[{"name": "it", "privateDnsZoneId": zone}])
