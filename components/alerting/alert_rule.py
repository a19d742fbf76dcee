"""What an alert rule is: plain data that the tables of rules are made of.

Nothing here makes a resource; `alert_resources.py` does.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Literal


class Severity(IntEnum):
    """Azure Monitor's severities, by what somebody has to do."""

    CRITICAL = 0
    """The service is down: now."""
    ERROR = 1
    """Users are losing: now."""
    WARNING = 2
    """It will fail if nobody looks: today."""
    NOTICE = 3
    """Worth knowing: this week."""

    @property
    def pages(self) -> bool:
        """Whether somebody is woken up."""
        return self <= Severity.ERROR


class Runbook(StrEnum):
    """What to read when a rule fires."""

    AVAILABILITY = "docs/runbooks/availability.md"
    CACHE = "docs/runbooks/cache.md"
    COST = "docs/runbooks/cost.md"
    DATABASE = "docs/runbooks/database.md"
    JOBS = "docs/runbooks/jobs.md"
    PLATFORM = "docs/runbooks/platform-events.md"
    QUEUE = "docs/runbooks/queue.md"
    SATURATION = "docs/runbooks/saturation.md"
    VAULT = "docs/runbooks/vault.md"


@dataclass(frozen=True, kw_only=True)
class When:
    """A statistic over the window, held against a limit."""

    aggregation: Literal["Average", "Count", "Maximum", "Minimum", "Total"]
    operator: Literal["GreaterThan", "GreaterThanOrEqual", "LessThan"]
    threshold: float

    def __str__(self) -> str:
        signs = {"GreaterThan": ">", "GreaterThanOrEqual": ">=", "LessThan": "<"}
        return f"{signs[self.operator]} {self.threshold:g}"


def above(
    threshold: float, aggregation: Literal["Average", "Count", "Maximum", "Minimum", "Total"] = "Average"
) -> When:
    """Return the condition of being above a limit."""
    return When(aggregation=aggregation, operator="GreaterThan", threshold=threshold)


@dataclass(frozen=True, kw_only=True)
class MetricRule:
    """A platform metric of one resource.

    Args:
        name: Part of the rule's names; unique for the resource.
        severity: What it asks of people.
        namespace: The resource type that publishes the metric.
        metric: Its REST name.
        when: The condition.
        minutes: The window.
        dimension: Name and value to look at alone; the value `*` is each value for itself.
        also: A second metric of the resource, and the condition on it that must hold at the same time.
        runbook: What to read.
    """

    name: str
    severity: Severity
    namespace: str
    metric: str
    when: When
    minutes: Literal[5, 15, 30, 60]
    runbook: Runbook
    dimension: tuple[str, str] | None = None
    also: tuple[str, When] | None = None

    @property
    def conditions(self) -> tuple[tuple[str, When], ...]:
        """Every metric with its condition; all must hold."""
        return ((self.metric, self.when), self.also) if self.also else ((self.metric, self.when),)

    @property
    def says(self) -> str:
        """The rule in words."""
        of = f" of {self.dimension[0]} {self.dimension[1]}" if self.dimension else ""
        said = (f"{when.aggregation} {metric}{of} {when}" for metric, when in self.conditions)
        return f"{' and '.join(said)} in {self.minutes} minutes."


@dataclass(frozen=True, kw_only=True)
class LogRule:
    """A query over the workspace that returns a row when something is wrong.

    Args:
        name: Part of the rule's names; unique in the environment.
        severity: What it asks of people.
        says: The rule in words.
        query: KQL.
        window_minutes: How far back the query sees: 2 days at the most.
        frequency_minutes: How often it runs; never each minute, which costs twice as much and finds nothing sooner.
        runbook: What to read.
    """

    name: str
    severity: Severity
    says: str
    query: str
    window_minutes: Literal[15, 30, 60, 360, 1440]
    frequency_minutes: Literal[5, 15, 30, 60]
    runbook: Runbook


@dataclass(frozen=True, kw_only=True)
class ActivityRule:
    """Events of the activity log: those of a category, or only the named operations of it.

    Args:
        name: Part of the rule's names.
        severity: What it asks of people; the event itself carries none.
        category: The log's own category.
        operations: Operations of Azure Resource Manager, when not all of the category count.
        subscription_wide: Whether the whole subscription is watched instead of the resource group.
        runbook: What to read.
    """

    name: str
    severity: Severity
    category: Literal["Administrative", "ResourceHealth", "ServiceHealth"]
    runbook: Runbook
    operations: tuple[str, ...] = ()
    subscription_wide: bool = False
