from datetime import UTC, datetime
from typing import Any

import pytest

from localazure.azure import Azure
from localazure.services.consumption import Budget
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
    clock_of(azure, datetime(2026, 11, 30, 23, 59, tzinfo=UTC))
    made = await create(azure, BUDGET, **starting("2026-11-01"))
    clock_of(azure, datetime(2027, 6, 1, tzinfo=UTC))

    with refused(400, "400", "Start date of budgets cannot be updated. Please delete and create a new budget."):
        await azure.update(made.id, {**made.inputs, "timePeriod": {"startDate": "2026-12-01T00:00:00Z"}})
    changed = await azure.update(made.id, {**made.inputs, "amount": 200})

    assert changed.outputs["amount"] == 200


def starting(day: str, grain: str = "Monthly") -> dict[str, Any]:
    return {"timeGrain": grain, "timePeriod": {"startDate": f"{day}T00:00:00Z"}}


def clock_of(azure: Azure, now: datetime) -> None:
    budgets = azure.type_of(BUDGET)
    assert isinstance(budgets, Budget)
    budgets.clock = lambda: now


@pytest.mark.parametrize(
    ("day", "why"), [("2026-10-01", "prior to the current month"), ("2027-12-01", "more than one year")]
)
async def test_a_new_budget_begins_neither_in_a_past_month_nor_after_a_year(azure: Azure, day: str, why: str) -> None:
    clock_of(azure, datetime(2026, 11, 30, 23, 59, tzinfo=UTC))

    with refused(400, "400", why):
        await create(azure, BUDGET, **starting(day))
    assert not azure.find(BUDGET)


@pytest.mark.parametrize(
    ("day", "grain"), [("2026-11-01", "Monthly"), ("2027-11-01", "Monthly"), ("2026-01-01", "Annually")]
)
async def test_a_new_budget_may_begin(azure: Azure, day: str, grain: str) -> None:
    clock_of(azure, datetime(2026, 11, 30, 23, 59, tzinfo=UTC))

    assert await create(azure, BUDGET, **starting(day, grain))


async def test_a_budget_of_or_telling_what_is_not_there_is_refused(azure: Azure) -> None:
    absent = f"{GROUP}/providers/Microsoft.Insights/actionGroups/none"

    with refused(404, "ResourceNotFound", "none"):
        await create(azure, BUDGET, notifications={"x": {**NOTIFICATION, "contactGroups": [absent]}})
    with refused(404, "ResourceGroupNotFound", "elsewhere"):
        await create(azure, BUDGET, scope=GROUP.replace("/rg", "/elsewhere"))
