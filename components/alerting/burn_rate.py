"""How fast the error budget burns, and when that is worth waking somebody.

A burn rate of 1 spends the budget of the month exactly in the month. A pair of windows must agree: the long one says
that it matters, the short one that it still goes on, so the alert ends soon after the trouble does (Google, "The Site
Reliability Workbook", chapter 5). That book's last pair looks back three days; a log alert of Azure sees two at the
most (github.com/Azure/azure-rest-api-specs/issues/21258), so ours looks back one.

The rules and the evaluator that the tests and drills replay share these constants.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from components.alerting.alert_rule import LogRule, Runbook, Severity
from components.alerting.request_log import REQUESTS


@dataclass(frozen=True, kw_only=True)
class BurnRate:
    """A pair of windows and the burn rate that both must exceed."""

    factor: float
    long_minutes: Literal[60, 360, 1440]
    short_minutes: int
    severity: Severity


BURN_RATES: Final = (
    BurnRate(factor=14.4, long_minutes=60, short_minutes=5, severity=Severity.CRITICAL),
    BurnRate(factor=6, long_minutes=360, short_minutes=30, severity=Severity.ERROR),
    BurnRate(factor=3, long_minutes=1440, short_minutes=120, severity=Severity.WARNING),
)


@dataclass(frozen=True, kw_only=True)
class Objective:
    """What is promised.

    Args:
        availability_percent: Share of requests that are answered without a fault of ours.
        minimum_requests: Requests in the long window below which a ratio means nothing.
    """

    availability_percent: float
    minimum_requests: int

    @property
    def budget(self) -> float:
        """Share of requests that may fail."""
        return round(1 - self.availability_percent / 100, 6)


@dataclass(frozen=True, kw_only=True)
class Minute:
    """Requests of one minute, and how many of them failed."""

    total: int
    bad: int


def fires(rate: BurnRate, objective: Objective, minutes: Sequence[Minute]) -> bool:
    """Return whether the rule fires at the end of a series of minutes, by the arithmetic of its query."""
    long, short = minutes[-rate.long_minutes :], minutes[-rate.short_minutes :]
    limit = rate.factor * objective.budget
    enough = sum(minute.total for minute in long) >= objective.minimum_requests
    return enough and _bad_ratio(long) > limit and _bad_ratio(short) > limit


def burn_rate_rule(rate: BurnRate, objective: Objective) -> LogRule:
    """Return the rule that watches a pair of windows, both in one query."""
    limit = f"{rate.factor * objective.budget:.6g}"
    query = f"""\
{REQUESTS}
| where TimeGenerated > ago({rate.long_minutes}m)
| extend recent = TimeGenerated > ago({rate.short_minutes}m)
| summarize total = count(), failed = countif(bad),
    recent_total = countif(recent), recent_failed = countif(recent and bad)
| where total >= {objective.minimum_requests} and recent_total > 0
| where todouble(failed) / total > {limit} and todouble(recent_failed) / recent_total > {limit}"""
    return LogRule(
        name=f"burn-{rate.long_minutes}m",
        severity=rate.severity,
        says=f"The error budget burns {rate.factor:g} times too fast, over {rate.long_minutes} minutes and the last "
        f"{rate.short_minutes}.",
        query=query,
        window_minutes=rate.long_minutes,
        frequency_minutes=15 if rate.severity is Severity.WARNING else 5,
        runbook=Runbook.AVAILABILITY,
    )


def _bad_ratio(minutes: Sequence[Minute]) -> float:
    total = sum(minute.total for minute in minutes)
    return sum(minute.bad for minute in minutes) / total if total else 0.0
