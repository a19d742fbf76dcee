"""Microsoft.Consumption: budgets. Nothing costs anything here, so none is ever exceeded."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final

from localazure.errors import AzureError
from localazure.resource_type import ResourceType, name_problem
from localazure.store import Record
from localazure.subscription import Subscription
from localazure.validation import Problem

NOTIFICATIONS_MAX: Final = 5
FIRST_START: Final = "2017-06-01"
MONTHS_AHEAD_MAX: Final = 12


class Budget(ResourceType):
    """What a scope may cost in a time.

    Attributes:
        clock: Tells which month it is.
    """

    token = "consumption:Budget"
    path = "/{scope}/providers/Microsoft.Consumption/budgets/{budgetName}"
    force_new = frozenset[str]()

    def __init__(self, subscription: Subscription) -> None:
        super().__init__(subscription)
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The rules of names, amounts, dates and notifications.

        Names: Microsoft Learn, "Create a budget" (1-63); the rest: `timePeriod` and `notifications` in the SDK.
        """
        yield from name_problem(
            inputs, "budgetName", r"[A-Za-z0-9_-]{1,63}", "1-63 letters, digits, underscores and hyphens."
        )
        if isinstance(amount := inputs.get("amount"), int | float) and amount <= 0:
            yield "amount", f"'{amount:g}' is not more than 0"
        notifications = inputs.get("notifications", {})
        if len(notifications) > NOTIFICATIONS_MAX:
            yield "notifications", f"{len(notifications)} notifications; a budget has at most {NOTIFICATIONS_MAX}"
        for name, notification in notifications.items():
            threshold = notification.get("threshold")
            if isinstance(threshold, int | float) and not 0 < threshold <= 1000:  # noqa: PLR2004 - the rule's own numbers
                yield f"notifications.{name}.threshold", f"'{threshold:g}' is not between 0 and 1000"
        period = inputs.get("timePeriod", {})
        start, end = period.get("startDate"), period.get("endDate")
        if isinstance(start, str):
            if (day := _day(start)) is None or not day.endswith("-01") or day < FIRST_START:
                yield "timePeriod.startDate", f"'{start}' is not the first day of a month from {FIRST_START} on"
            elif isinstance(end, str) and (_day(end) or "") <= day:
                yield "timePeriod.endDate", f"'{end}' is not after the start date '{start}'"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse an action group that is not there, a start that is no more or not yet allowed, and another start.

        A new monthly budget begins in the current month, or in one of the next twelve (Microsoft, "Budgets - Create Or
        Update"; github.com/hashicorp/terraform-provider-azurerm/pull/12121); one that exists keeps its start.

        Raises:
            AzureError: in the words of the service (github.com/Azure/CanadaPubSecALZ/issues/317), or near them.
        """
        inputs = record.inputs
        for notification in inputs.get("notifications", {}).values():
            for group in notification.get("contactGroups", []):
                self.subscription.need(group)
        start: str = inputs["timePeriod"]["startDate"]
        if previous is None:
            self._check_start(start, inputs["timeGrain"])
        elif previous.inputs["timePeriod"]["startDate"] != start:
            raise AzureError(
                400, "400", "Start date of budgets cannot be updated. Please delete and create a new budget."
            )

    def _check_start(self, start: str, grain: str) -> None:
        day, now = datetime.fromisoformat(start), self.clock()
        ahead = 12 * (day.year - now.year) + day.month - now.month
        if grain == "Monthly" and ahead < 0:
            raise AzureError(
                400, "400", f"Start date {start} for monthly time grain should not be prior to the current month."
            )
        if grain == "Monthly" and ahead > MONTHS_AHEAD_MAX:
            raise AzureError(400, "400", f"Start date {start} cannot be more than one year into the future.")


def _day(text: str) -> str | None:
    try:
        return datetime.fromisoformat(text).date().isoformat()
    except ValueError:
        return None
