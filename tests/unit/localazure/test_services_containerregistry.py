import pytest

from localazure.azure import Azure
from tests.unit.localazure.arm import create, problems_of, refused

REGISTRY = "containerregistry:Registry"


@pytest.mark.parametrize("name", ["abcd", "with-hyphen", "a" * 51])
async def test_a_registry_may_not_have_this_name(azure: Azure, name: str) -> None:
    assert "between 5 and 50" in problems_of(azure, REGISTRY, registryName=name)["registryName"]


@pytest.mark.parametrize(("sku", "problems"), [("Basic", 1), ("Standard", 1), ("Premium", 0)])
async def test_only_a_premium_registry_is_private(azure: Azure, sku: str, problems: int) -> None:
    found = problems_of(azure, REGISTRY, publicNetworkAccess="Disabled", sku={"name": sku})

    assert list(found) == ["publicNetworkAccess"] * problems


async def test_the_login_server_is_lower_case(azure: Azure) -> None:
    made = await create(azure, REGISTRY, registryName="Registry")

    assert made.outputs["loginServer"] == "registry.azurecr.io"


async def test_the_name_of_a_registry_is_taken_in_every_group(azure: Azure) -> None:
    await create(azure, REGISTRY)
    await create(azure, "resources:ResourceGroup", resourceGroupName="other")

    with refused(409, "AlreadyInUse", "The registry DNS name registry.azurecr.io is already in use."):
        await create(azure, REGISTRY, registryName="REGISTRY", resourceGroupName="other")
