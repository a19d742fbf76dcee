import pytest

from localazure.azure import Azure
from tests.unit.localazure.arm import create, problems_of

WORKSPACE = "operationalinsights:Workspace"


@pytest.mark.parametrize("name", ["abc", "-abc", "abc-", "a_bc", "a" * 64])
async def test_a_workspace_may_not_have_this_name(azure: Azure, name: str) -> None:
    assert "4-63" in problems_of(azure, WORKSPACE, workspaceName=name)["workspaceName"]


@pytest.mark.parametrize(("days", "problems"), [(29, 1), (30, 0), (730, 0), (731, 1)])
async def test_a_workspace_keeps_its_data_30_to_730_days(azure: Azure, days: int, problems: int) -> None:
    assert len(problems_of(azure, WORKSPACE, retentionInDays=days)) == problems


@pytest.mark.parametrize(("quota", "problems"), [(-1, 0), (0.023, 0), (1, 0), (0.02, 1), (0, 1), (-2, 1)])
async def test_a_workspace_takes_in_at_least_a_little_or_whatever_comes(
    azure: Azure, quota: float, problems: int
) -> None:
    assert len(problems_of(azure, WORKSPACE, workspaceCapping={"dailyQuotaGb": quota})) == problems


async def test_a_workspace_has_a_customer_id(azure: Azure) -> None:
    made = await create(azure, WORKSPACE)

    assert len(made.outputs["customerId"]) == 36
