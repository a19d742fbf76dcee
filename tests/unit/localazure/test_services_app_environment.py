import pytest

from localazure.azure import Azure
from localazure.store import Record
from tests.unit.localazure.arm import GROUP, create, problems_of, refused

ENVIRONMENT = "app:ManagedEnvironment"


@pytest.mark.parametrize("name", ["a", "1a", "a--b", "a-", "a_b", "a" * 61])
async def test_an_environment_may_not_have_this_name(azure: Azure, name: str) -> None:
    assert "2-60" in problems_of(azure, ENVIRONMENT, environmentName=name)["environmentName"]


async def test_a_zone_redundant_environment_needs_a_subnet(azure: Azure) -> None:
    network = {"infrastructureSubnetId": f"{GROUP}/providers/Microsoft.Network/virtualNetworks/v/subnets/s"}

    assert "subnet" in problems_of(azure, ENVIRONMENT, zoneRedundant=True)["zoneRedundant"]
    assert problems_of(azure, ENVIRONMENT, zoneRedundant=True, vnetConfiguration=network) == {}


async def test_an_environment_has_a_domain_of_its_own(azure: Azure) -> None:
    one, other = [await create(azure, ENVIRONMENT, environmentName=name) for name in ("one", "other")]

    assert one.outputs["defaultDomain"].endswith(".westeurope.azurecontainerapps.io")
    assert one.outputs["defaultDomain"] != other.outputs["defaultDomain"]


async def test_an_environment_in_use_is_not_deleted(azure: Azure) -> None:
    environment = await create(azure, ENVIRONMENT)
    where = {"environmentId": environment.id.upper()}
    app = Record(token="app:ContainerApp", id=f"{GROUP}/providers/Microsoft.App/x/api", inputs=where, outputs={})
    azure.store.put(app)

    with refused(409, "ManagedEnvironmentInUse", "'environment' cannot be deleted because it contains app 'api'"):
        await azure.delete(environment.id)

    assert azure.get(environment.id)
