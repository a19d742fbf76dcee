import pytest

from localazure.azure import Azure
from tests.unit.localazure.arm import problems_of

GROUP_TYPE = "resources:ResourceGroup"


@pytest.mark.parametrize("name", ["rg", "rg-dev_1.(a)", "a" * 90])
async def test_a_group_may_have_this_name(azure: Azure, name: str) -> None:
    assert problems_of(azure, GROUP_TYPE, resourceGroupName=name) == {}


@pytest.mark.parametrize("name", ["", "rg.", "a b", "a/b", "a" * 91])
async def test_a_group_may_not_have_this_name(azure: Azure, name: str) -> None:
    assert "1-90 letters" in problems_of(azure, GROUP_TYPE, resourceGroupName=name)["resourceGroupName"]
