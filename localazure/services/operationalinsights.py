"""Microsoft.OperationalInsights: log workspaces."""

from collections.abc import Iterable
from typing import Any, Final

from localazure.derived_guid import derived_guid
from localazure.resource_type import RESOURCE_GROUP, ResourceType, name_problem
from localazure.store import Record
from localazure.validation import Problem

_NO_QUOTA: Final = -1
_SMALLEST_QUOTA: Final = 0.023


class Workspace(ResourceType):
    """A Log Analytics workspace. What containers print is under the daemon's `logs` folder, not here."""

    token = "operationalinsights:Workspace"
    path = RESOURCE_GROUP + "/providers/Microsoft.OperationalInsights/workspaces/{workspaceName}"

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, the retention of the PerGB2018 tier (30 to 730 days, Microsoft Learn), the least daily cap."""
        yield from name_problem(
            inputs,
            "workspaceName",
            r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]",
            "4-63 letters, digits and hyphens, beginning and ending with a letter or digit.",
        )
        days = inputs.get("retentionInDays")
        if isinstance(days, int) and not 30 <= days <= 730:  # noqa: PLR2004 - the rule's own numbers
            yield "retentionInDays", f"'{days}' is not a retention in days of the PerGB2018 tier: 30 to 730"

        quota = inputs.get("workspaceCapping", {}).get("dailyQuotaGb", _NO_QUOTA)
        if quota != _NO_QUOTA and quota < _SMALLEST_QUOTA:
            yield (
                "workspaceCapping.dailyQuotaGb",
                f"'{quota:g}' GB a day: {_SMALLEST_QUOTA} or more, or -1 for no quota",
            )

    async def put(self, record: Record, previous: Record | None) -> None:
        """Give the workspace its id."""
        del previous
        record.outputs["customerId"] = derived_guid(record.id, "customer")
