from typing import Any

import pytest

from localazure.azure import Azure
from localazure.store import Record
from tests.unit.localazure.arm import GROUP, create, problems_of, refused

ENVIRONMENT = "app:ManagedEnvironment"
INVALID = "ManagedEnvironmentInvalidNetworkConfiguration"
DELEGATED = [{"name": "apps", "serviceName": "Microsoft.App/environments"}]


async def subnet(azure: Azure, space: str = "10.1.0.0/16", **inputs: Any) -> Record:
    await create(azure, "network:VirtualNetwork", addressSpace={"addressPrefixes": [space]})
    return await create(azure, "network:Subnet", **{"delegations": DELEGATED, **inputs})


async def enter(azure: Azure, place: str, **inputs: Any) -> Record:
    internal = inputs.pop("internal", False)
    return await create(
        azure, ENVIRONMENT, vnetConfiguration={"infrastructureSubnetId": place, "internal": internal}, **inputs
    )


@pytest.mark.parametrize("name", ["a", "1a", "a--b", "a-", "a_b", "a" * 61])
async def test_an_environment_may_not_have_this_name(azure: Azure, name: str) -> None:
    assert "2-60" in problems_of(azure, ENVIRONMENT, environmentName=name)["environmentName"]


async def test_logs_to_a_workspace_need_its_key(azure: Azure) -> None:
    logs: dict[str, Any] = {"destination": "log-analytics"}
    key = {"customerId": "1", "sharedKey": "2"}

    assert "needs customerId" in problems_of(azure, ENVIRONMENT, appLogsConfiguration=logs)["appLogsConfiguration"]
    assert problems_of(azure, ENVIRONMENT, appLogsConfiguration={**logs, "logAnalyticsConfiguration": key}) == {}


@pytest.mark.parametrize("inputs", [{"zoneRedundant": True}, {"vnetConfiguration": {"internal": True}}])
async def test_a_zone_redundant_or_internal_environment_needs_a_subnet(azure: Azure, inputs: dict[str, Any]) -> None:
    with refused(400, INVALID, "requires an infrastructure subnet"):
        await create(azure, ENVIRONMENT, **inputs)


async def test_an_environment_moves_into_a_subnet_of_its_own(azure: Azure) -> None:
    place = await subnet(azure, addressPrefix="10.1.0.0/27")

    environment = await enter(azure, place.id, zoneRedundant=True)

    with refused(400, INVALID, "Provided subnet is used by managed environment 'environment' already."):
        await enter(azure, place.id, environmentName="other")
    await azure.update(environment.id, {**environment.inputs, "tags": {"a": "b"}})


async def test_a_network_or_a_subnet_that_is_not_there_is_refused(azure: Azure) -> None:
    network = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/network"

    with refused(400, INVALID, "Invalid vnet resource ID provided, or the virtual network could not be found."):
        await enter(azure, f"{network}/subnets/subnet")
    await create(azure, "network:VirtualNetwork")
    with refused(400, INVALID, "The subnet and its addressPrefix could not be found."):
        await enter(azure, f"{network}/subnets/subnet")


async def test_a_subnet_with_a_list_of_ranges_is_not_found(azure: Azure) -> None:
    await create(azure, "network:VirtualNetwork")
    names = {"resourceGroupName": "rg", "subnetName": "subnet", "virtualNetworkName": "network"}
    ranges = {"addressPrefixes": ["10.1.0.0/24"], "delegations": DELEGATED}
    place = await azure.create("network:Subnet", {**names, **ranges}, "")

    with refused(400, INVALID, "The subnet and its addressPrefix could not be found."):
        await enter(azure, place.id)


async def test_a_subnet_that_is_too_small_is_refused(azure: Azure) -> None:
    place = await subnet(azure, addressPrefix="10.1.0.0/28")

    with refused(400, INVALID, "Provided subnet must have a size of at least /27"):
        await enter(azure, place.id)


async def test_a_subnet_in_a_reserved_range_is_refused(azure: Azure) -> None:
    place = await subnet(azure, "172.16.0.0/12", addressPrefix="172.31.4.0/24")

    with refused(400, INVALID, "must not overlap the reserved ranges"):
        await enter(azure, place.id)


async def test_a_subnet_of_nobody_is_refused(azure: Azure) -> None:
    place = await subnet(azure, delegations=[])

    with refused(
        400,
        "ManagedEnvironmentSubnetDelegationError",
        "The subnet of the environment must be delegated to the service 'Microsoft.App/environments'.",
    ):
        await enter(azure, place.id)


async def test_an_internal_environment_has_no_public_access(azure: Azure) -> None:
    place = await subnet(azure)

    with refused(400, INVALID, "An internal environment cannot enable public network access."):
        await enter(azure, place.id, internal=True, publicNetworkAccess="Enabled")
    await enter(azure, place.id, internal=True, publicNetworkAccess="Disabled")


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        ({"workloadProfileType": "Consumption", "minimumCount": 1}, "a Consumption profile has no minimumCount"),
        ({"workloadProfileType": "D5"}, "'D5' is none of Consumption, D4"),
        ({"workloadProfileType": "D4"}, "a dedicated profile has a minimumCount"),
        ({"workloadProfileType": "D4", "minimumCount": 2, "maximumCount": 1}, "a dedicated profile has a minimumCount"),
        ({"workloadProfileType": "D4", "minimumCount": 0, "maximumCount": 0}, "a dedicated profile has a minimumCount"),
    ],
)
async def test_a_workload_profile_is_refused(azure: Azure, profile: dict[str, Any], reason: str) -> None:
    [found] = problems_of(azure, ENVIRONMENT, workloadProfiles=[{"name": "it", **profile}]).values()

    assert reason in found


async def test_workload_profiles_have_names_of_their_own(azure: Azure) -> None:
    consumption = {"name": "it", "workloadProfileType": "Consumption"}
    dedicated = {"name": "it", "workloadProfileType": "D4", "minimumCount": 0, "maximumCount": 1}

    assert problems_of(azure, ENVIRONMENT, workloadProfiles=[consumption, {**dedicated, "name": "other"}]) == {}
    assert (
        "there already"
        in problems_of(azure, ENVIRONMENT, workloadProfiles=[consumption, dedicated])["workloadProfiles[1]"]
    )


async def test_an_environment_has_a_domain_of_its_own(azure: Azure) -> None:
    one, other = [await create(azure, ENVIRONMENT, environmentName=name) for name in ("one", "other")]

    assert one.outputs["defaultDomain"].endswith(".westeurope.azurecontainerapps.io")
    assert one.outputs["defaultDomain"] != other.outputs["defaultDomain"]


@pytest.mark.parametrize("token", ["app:ContainerApp", "app:Job"])
async def test_an_environment_in_use_is_not_deleted(azure: Azure, token: str) -> None:
    environment = await create(azure, ENVIRONMENT)
    where = {"environmentId": environment.id.upper()}
    azure.store.put(Record(token=token, id=f"{GROUP}/providers/Microsoft.App/x/api", inputs=where, outputs={}))

    with refused(409, "ManagedEnvironmentInUse", "'environment' cannot be deleted because it contains app 'api'"):
        await azure.delete(environment.id)

    assert azure.get(environment.id)


@pytest.mark.parametrize("token", ["app:ContainerApp", "app:Job"])
@pytest.mark.parametrize(
    ("profiles", "text"),
    [
        ([{"name": "Consumption", "workloadProfileType": "Consumption"}], "It has: Consumption."),
        ([], "It has: none, it is of the kind Consumption only."),
    ],
)
async def test_what_runs_on_a_profile_that_its_environment_lacks_is_refused(
    azure: Azure, token: str, profiles: list[dict[str, str]], text: str
) -> None:
    environment = await create(azure, ENVIRONMENT, workloadProfiles=profiles)

    with refused(400, "InvalidWorkloadProfileName", f"has no workload profile 'Dedicated'. {text}"):
        await create(azure, token, environmentId=environment.id, workloadProfileName="Dedicated")
