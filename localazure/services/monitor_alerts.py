"""Microsoft.Insights: alert rules. They are checked and kept; nothing is measured, so none fires."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from localazure.errors import AzureError
from localazure.resource_type import RESOURCE_GROUP, ResourceType
from localazure.services.monitor_metrics import METRICS
from localazure.services.monitor_names import RULE, insights_name
from localazure.store import Record
from localazure.subscription import Subscription
from localazure.validation import Problem

_WEBTEST: Final = "Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria"
_SINGLE: Final = "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria"

METRIC_FREQUENCIES: Final = ("PT1M", "PT5M", "PT15M", "PT30M", "PT1H")
METRIC_WINDOWS: Final = (*METRIC_FREQUENCIES, "PT6H", "PT12H", "P1D")
"""github.com/Azure/azure-cli/issues/31138."""
LOG_WINDOWS: Final = (
    *("PT1M", "PT5M", "PT10M", "PT15M", "PT30M", "PT45M", "PT1H", "PT2H", "PT3H", "PT4H", "PT5H", "PT6H", "P1D", "P2D"),
)
"""github.com/Azure/azure-rest-api-specs/issues/21258, and one minute, which came later."""
FAILING_PERIODS_MAX: Final = 6
_OPERATORS: Final = ("Equals", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual")
"""Azure/azure-rest-api-specs, scheduledQueryRule_API.json, `ConditionOperator`."""


class MetricAlert(ResourceType):
    """A rule on platform metrics of a resource, or on an availability test."""

    token = "monitor:MetricAlert"
    path = RESOURCE_GROUP + "/providers/Microsoft.Insights/metricAlerts/{ruleName}"

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, windows and frequencies that Azure lacks, severities beyond 0-4, a region not global."""
        yield from insights_name(inputs, "ruleName", RULE)
        yield from _time_problems(inputs, METRIC_FREQUENCIES, METRIC_WINDOWS)
        yield from _severity_problems(inputs)
        yield from _global_problems(inputs)

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse a rule on what is not there, on a metric that the resource does not have, or telling nobody known.

        Raises:
            AzureError: in the words of Azure Monitor (github.com/Azure/azure-cli/issues/16106).
        """
        del previous
        inputs, criteria = record.inputs, record.inputs["criteria"]
        kinds = [str(self.subscription.need(scope).outputs["type"]) for scope in inputs["scopes"]]
        _need_groups(self.subscription, (action.get("actionGroupId") for action in inputs.get("actions", [])))
        if criteria["odataType"] == _WEBTEST:
            self._need_test(inputs["scopes"], criteria)
            return
        if criteria["odataType"] != _SINGLE or len(kinds) != 1:
            raise AzureError(
                501,
                "NotSimulated",
                "the embedded Azure does not imitate a rule on several resources (localazure/NONGOALS.md); "
                f"use {_SINGLE} with one scope",
            )
        for criterion in criteria.get("allOf", []):
            _need_metric(kinds[0], criterion)

    def _need_test(self, scopes: list[str], criteria: Mapping[str, Any]) -> None:
        wanted = {criteria["webTestId"].lower(), criteria["componentId"].lower()}
        if {scope.lower() for scope in scopes} != wanted:
            raise AzureError(
                400, "BadRequest", "The scopes of an availability rule must be its web test and its component."
            )


def _need_metric(kind: str, criterion: Mapping[str, Any]) -> None:
    name, namespace = criterion["metricName"], criterion.get("metricNamespace", kind)
    known = METRICS.get(kind.lower(), {})
    if criterion.get("skipMetricValidation"):
        return
    if namespace.lower() != kind.lower() or name not in known:
        raise AzureError(
            400,
            "BadRequest",
            f"The following metric name(s) were not found: {name}. Please note that for custom metrics, the relevant "
            f"metric namespace must be specified. Metrics of {kind}: {', '.join(sorted(known))}.",
        )
    for dimension in criterion.get("dimensions", []):
        if dimension["name"] not in known[name]:
            raise AzureError(
                400,
                "BadRequest",
                f"The dimension '{dimension['name']}' of metric '{name}' was not found. It has: "
                f"{', '.join(sorted(known[name])) or 'none'}.",
            )


class ScheduledQueryRule(ResourceType):
    """A rule on the answer to a query. The query is read for its brackets alone: there is no workspace to ask."""

    token = "monitor:ScheduledQueryRule"
    path = RESOURCE_GROUP + "/providers/Microsoft.Insights/scheduledQueryRules/{ruleName}"

    def allows(self, at: str, value: Any) -> bool:
        """Operators are checked here: the SDK lists those of another type of the same name."""
        return at.endswith(".operator") or super().allows(at, value)

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """What Azure's validation refuses of names, windows, severities, periods and queries.

        An alert that ends by itself cannot be muted for a time (AVM insights/scheduled-query-rule).
        """
        yield from insights_name(inputs, "ruleName", RULE)
        yield from _time_problems(inputs, LOG_WINDOWS, LOG_WINDOWS)
        yield from _severity_problems(inputs)
        if inputs.get("autoMitigate") and inputs.get("muteActionsDuration"):
            yield "muteActionsDuration", "cannot be set for a rule with autoMitigate"
        for index, condition in enumerate(inputs.get("criteria", {}).get("allOf", [])):
            yield from _condition_problems(condition, f"criteria.allOf[{index}]")

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse a rule on what is not there, or telling nobody known."""
        del previous
        scopes = record.inputs.get("scopes", [])
        if len(scopes) != 1:
            raise AzureError(400, "BadRequest", f"A rule has exactly one scope, not {len(scopes)}.")
        self.subscription.need(scopes[0])
        _need_groups(self.subscription, record.inputs.get("actions", {}).get("actionGroups", []))


def _condition_problems(condition: Mapping[str, Any], at: str) -> Iterator[Problem]:
    query, periods = condition.get("query"), condition.get("failingPeriods", {})
    if (operator := condition.get("operator", _OPERATORS[0])) not in _OPERATORS:
        yield f"{at}.operator", f"'{operator}' is not an operator: {', '.join(_OPERATORS)}"
    if not isinstance(query, str) or not query.strip():
        yield f"{at}.query", "a query is required"
    elif not _balanced(query):
        yield f"{at}.query", "the query has a bracket or a quote that is not closed"
    count, minimum = periods.get("numberOfEvaluationPeriods", 1), periods.get("minFailingPeriodsToAlert", 1)
    if not 1 <= minimum <= count <= FAILING_PERIODS_MAX:
        yield (
            f"{at}.failingPeriods",
            f"{minimum:g} failing of {count:g} periods (allowed 1-{FAILING_PERIODS_MAX} periods, and no more failing)",
        )


def _balanced(query: str) -> bool:
    bare = re.sub(r'@?"[^"\n]*"|' + r"'[^'\n]*'|//[^\n]*", "", query)
    opened: list[str] = []
    for character in bare:
        if character in "([{":
            opened.append(")]}"["([{".index(character)])
        elif character in ")]}" and (not opened or opened.pop() != character):
            return False
    return not opened and '"' not in bare and "'" not in bare


class ActivityLogAlert(ResourceType):
    """A rule on events of the activity log, which the embedded Azure does not write."""

    token = "monitor:ActivityLogAlert"
    path = RESOURCE_GROUP + "/providers/Microsoft.Insights/activityLogAlerts/{activityLogAlertName}"

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, a region that is not global, and a condition without a category.

        Microsoft Learn, "Activity log alerts".
        """
        yield from insights_name(inputs, "activityLogAlertName", RULE)
        yield from _global_problems(inputs)
        conditions = inputs.get("condition", {}).get("allOf", [])
        categories = [condition.get("equals") for condition in conditions if condition.get("field") == "category"]
        if "condition" in inputs and not categories:
            yield "condition.allOf", "a condition on the field 'category' is required"
        scopes = inputs.get("scopes", [])
        if "ServiceHealth" in categories and any(isinstance(s, str) and s.strip("/").count("/") > 1 for s in scopes):
            yield "scopes", "an alert on ServiceHealth watches a subscription, not a group or a resource"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse a rule on what is not there, or telling nobody known."""
        del previous
        for scope in record.inputs["scopes"]:
            if scope.strip("/").lower() != f"subscriptions/{self.subscription.subscription_id}".lower():
                self.subscription.need(scope)
        _need_groups(self.subscription, (g["actionGroupId"] for g in record.inputs["actions"].get("actionGroups", [])))


def _need_groups(subscription: Subscription, group_ids: Iterable[str | None]) -> None:
    for group_id in group_ids:
        if group_id:
            subscription.need(group_id)


def _time_problems(
    inputs: Mapping[str, Any], frequencies: tuple[str, ...], windows: tuple[str, ...]
) -> Iterator[Problem]:
    frequency, window = inputs.get("evaluationFrequency"), inputs.get("windowSize")
    if isinstance(frequency, str) and frequency not in frequencies:
        yield "evaluationFrequency", f"'{frequency}' is not supported. Supported: {', '.join(frequencies)}"
    elif isinstance(window, str) and window not in windows:
        yield "windowSize", f"'{window}' is not supported. Supported: {', '.join(windows)}"
    elif isinstance(window, str) and isinstance(frequency, str) and windows.index(window) < windows.index(frequency):
        yield "windowSize", f"'{window}' is shorter than the evaluation frequency '{frequency}'"


def _severity_problems(inputs: Mapping[str, Any]) -> Iterator[Problem]:
    severity = inputs.get("severity")
    if isinstance(severity, int | float) and severity not in range(5):
        yield "severity", f"'{severity:g}' is not a severity: 0 to 4"


def _global_problems(inputs: Mapping[str, Any]) -> Iterator[Problem]:
    location = inputs.get("location")
    if isinstance(location, str) and location.lower() != "global":
        yield "location", f"'{location}' is not a region of this type: global"
