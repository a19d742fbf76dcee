from typing import Any

import pytest

from localazure.azure import Azure
from tests.unit.localazure.arm import create, problems_of, refused

REGISTRY = "containerregistry:Registry"


@pytest.mark.parametrize("name", ["abcd", "with-hyphen", "a" * 51])
async def test_a_registry_may_not_have_this_name(azure: Azure, name: str) -> None:
    assert "between 5 and 50" in problems_of(azure, REGISTRY, registryName=name)["registryName"]


@pytest.mark.parametrize(
    ("inputs", "at"),
    [
        ({"publicNetworkAccess": "Disabled"}, "publicNetworkAccess"),
        ({"zoneRedundancy": "Enabled"}, "zoneRedundancy"),
        ({"dataEndpointEnabled": True}, "dataEndpointEnabled"),
        (
            {"networkRuleSet": {"defaultAction": "Deny", "ipRules": [{"iPAddressOrRange": "20.0.0.1"}]}},
            "networkRuleSet",
        ),
        ({"encryption": {"status": "enabled"}}, "encryption"),
        ({"policies": {"retentionPolicy": {"days": 7, "status": "enabled"}}}, "policies.retentionPolicy"),
        ({"policies": {"quarantinePolicy": {"status": "enabled"}}}, "policies.quarantinePolicy"),
        ({"policies": {"trustPolicy": {"status": "enabled"}}}, "policies.trustPolicy"),
    ],
)
async def test_some_features_are_premium_only(azure: Azure, inputs: dict[str, Any], at: str) -> None:
    for sku in ("Basic", "Standard"):
        found = problems_of(azure, REGISTRY, **inputs, sku={"name": sku})
        assert list(found) == [at]
        assert f"in SKU Premium only, not in '{sku}'" in found[at]
    assert problems_of(azure, REGISTRY, **inputs, sku={"name": "Premium"}) == {}


@pytest.mark.parametrize(("sku", "problems"), [("Basic", 1), ("Standard", 0), ("Premium", 0)])
async def test_anonymous_pull_begins_at_standard(azure: Azure, sku: str, problems: int) -> None:
    assert len(problems_of(azure, REGISTRY, anonymousPullEnabled=True, sku={"name": sku})) == problems


@pytest.mark.parametrize(
    ("policies", "at"),
    [
        ({"exportPolicy": {"status": "disabled"}}, "policies.exportPolicy"),
        ({"retentionPolicy": {"days": 366, "status": "enabled"}}, "policies.retentionPolicy.days"),
        (
            {"retentionPolicy": {"status": "enabled"}, "softDeletePolicy": {"status": "enabled"}},
            "policies.softDeletePolicy",
        ),
    ],
)
async def test_policies_that_do_not_go_together_are_refused(azure: Azure, policies: dict[str, Any], at: str) -> None:
    assert list(problems_of(azure, REGISTRY, policies=policies, sku={"name": "Premium"})) == [at]


async def test_a_closed_premium_registry_may_forbid_exports(azure: Azure) -> None:
    closed = {"policies": {"exportPolicy": {"status": "disabled"}}, "publicNetworkAccess": "Disabled"}

    assert problems_of(azure, REGISTRY, **closed, sku={"name": "Premium"}) == {}


async def test_the_zone_redundancy_of_a_registry_stays(azure: Azure) -> None:
    made = await create(azure, REGISTRY, sku={"name": "Premium"})

    with refused(400, "BadRequest", "'zoneRedundancy' cannot be changed"):
        await azure.update(made.id, {**made.inputs, "zoneRedundancy": "Enabled"})


async def test_the_login_server_is_lower_case(azure: Azure) -> None:
    made = await create(azure, REGISTRY, registryName="Registry")

    assert made.outputs["loginServer"] == "registry.azurecr.io"


async def test_the_name_of_a_registry_is_taken_in_every_group(azure: Azure) -> None:
    await create(azure, REGISTRY)
    await create(azure, "resources:ResourceGroup", resourceGroupName="other")

    with refused(409, "AlreadyInUse", "The registry DNS name registry.azurecr.io is already in use."):
        await create(azure, REGISTRY, registryName="REGISTRY", resourceGroupName="other")
