from typing import Any

import pytest

from localazure.azure import Azure
from tests.unit.localazure.arm import GROUP, create, problems_of, refused

BUDGET = "consumption:Budget"
NOTIFICATION = {"contactEmails": ["a@example.com"], "enabled": True, "operator": "GreaterThan", "threshold": 80}


async def test_a_budget_of_a_group_tells_an_action_group(azure: Azure) -> None:
    people = await create(azure, "monitor:ActionGroup")

    made = await create(azure, BUDGET, notifications={"Actual80": {**NOTIFICATION, "contactGroups": [people.id]}})

    assert made.id == f"{GROUP}/providers/Microsoft.Consumption/budgets/budget"


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"amount": 0}, "amount"),
        ({"notifications": {str(n): NOTIFICATION for n in range(6)}}, "notifications"),
        ({"notifications": {"x": {**NOTIFICATION, "threshold": 1001}}}, "notifications.x.threshold"),
        ({"timePeriod": {"startDate": "2026-11-15T00:00:00Z"}}, "timePeriod.startDate"),
        ({"timePeriod": {"startDate": "2017-05-01T00:00:00Z"}}, "timePeriod.startDate"),
        ({"timePeriod": {"startDate": "soon"}}, "timePeriod.startDate"),
        (
            {"timePeriod": {"startDate": "2026-11-01T00:00:00Z", "endDate": "2026-11-01T00:00:00Z"}},
            "timePeriod.endDate",
        ),
    ],
)
async def test_a_budget_may_not_be(azure: Azure, changes: dict[str, Any], at: str) -> None:
    assert not problems_of(azure, BUDGET)
    assert list(problems_of(azure, BUDGET, **changes)) == [at]


async def test_the_start_of_a_budget_stays_what_it_was(azure: Azure) -> None:
    made = await create(azure, BUDGET)

    with refused(400, "400", "Start date of budgets cannot be updated. Please delete and create a new budget."):
        await azure.update(made.id, {**made.inputs, "timePeriod": {"startDate": "2026-12-01T00:00:00Z"}})
    changed = await azure.update(made.id, {**made.inputs, "amount": 200})

    assert changed.outputs["amount"] == 200


async def test_a_budget_of_or_telling_what_is_not_there_is_refused(azure: Azure) -> None:
    absent = f"{GROUP}/providers/Microsoft.Insights/actionGroups/none"

    with refused(404, "ResourceNotFound", "none"):
        await create(azure, BUDGET, notifications={"x": {**NOTIFICATION, "contactGroups": [absent]}})
    with refused(404, "ResourceGroupNotFound", "elsewhere"):
        await create(azure, BUDGET, scope=GROUP.replace("/rg", "/elsewhere"))
