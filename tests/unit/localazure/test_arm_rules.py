"""What Resource Manager refuses of every resource."""

from typing import Any

import pytest

from localazure.arm_rules import arm_problems
from localazure.azure import Azure
from tests.unit.localazure.arm import problems_of

ZONAL: dict[str, dict[str, Any]] = {
    "app:ManagedEnvironment": {"zoneRedundant": True},
    "containerregistry:Registry": {"sku": {"name": "Premium"}, "zoneRedundancy": "Enabled"},
    "dbforpostgresql:Server": {
        "highAvailability": {"mode": "ZoneRedundant"},
        "sku": {"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"},
    },
    "storage:StorageAccount": {"sku": {"name": "Standard_GZRS"}},
}


@pytest.mark.parametrize("location", ["westeurope", "West Europe", "WestUS", "global"])
def test_a_region_that_there_is_is_taken(location: str) -> None:
    assert dict(arm_problems({"location": location})) == {}


@pytest.mark.parametrize("location", ["atlantis", "", "westeurope1", "europe"])
def test_a_region_that_there_is_not_is_refused_by_name(location: str) -> None:
    assert f"'{location}' is not available" in dict(arm_problems({"location": location}))["location"]


@pytest.mark.parametrize(
    "tags",
    [
        None,
        {},
        {"owner": "x" * 256, "n" * 512: ""},
        {str(number): "" for number in range(50)},
        {"hidden-link:/subscriptions/1/components/a": "Resource"},
    ],
)
def test_tags_as_azure_keeps_them_are_taken(tags: dict[str, str] | None) -> None:
    assert dict(arm_problems({"tags": tags})) == {}


@pytest.mark.parametrize(
    ("tags", "at"),
    [
        ({str(number): "" for number in range(51)}, "tags"),
        ({"owner": "x" * 257}, "tags.owner"),
        ({"cost/center": "1"}, "tags.cost/center"),
        ({"n" * 513: ""}, f"tags.{'n' * 513}"),
    ],
)
def test_tags_beyond_that_are_refused(tags: dict[str, str], at: str) -> None:
    assert list(dict(arm_problems({"tags": tags}))) == [at]


@pytest.mark.parametrize("token", sorted(ZONAL))
def test_zones_are_refused_where_a_region_has_none(azure: Azure, token: str) -> None:
    found = problems_of(azure, token, **ZONAL[token], location="West US")

    assert problems_of(azure, token, **ZONAL[token], location="westus2") == {}
    assert len(found) == 1
    assert "'West US': it has no zones" in next(iter(found.values()))
