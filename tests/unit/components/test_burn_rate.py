"""Error series replayed against the arithmetic of the burn-rate rules, and the queries that ask the same."""

import pytest

from components.alerting.alert_rule import Severity
from components.alerting.burn_rate import BURN_RATES, BurnRate, Minute, Objective, burn_rate_rule, fires

OBJECTIVE = Objective(availability_percent=99.9, minimum_requests=100)
FAST, SLOW, TICKET = BURN_RATES
DAY = 24 * 60


def _minutes(count: int, *, bad: int, total: int = 1000) -> list[Minute]:
    return [Minute(total=total, bad=bad)] * count


def _first(rate: BurnRate, before: list[Minute], then: list[Minute], *, firing: bool) -> int | None:
    """Return after how many minutes of `then` the rule fires, or stops firing."""
    return next((m for m in range(1, len(then) + 1) if fires(rate, OBJECTIVE, before + then[:m]) is firing), None)


WELL = _minutes(DAY, bad=0)


def test_the_pairs_are_those_of_the_workbook_with_a_day_for_its_three() -> None:
    assert [(r.factor, r.long_minutes, r.short_minutes, r.severity.pages) for r in BURN_RATES] == [
        (14.4, 60, 5, True),
        (6, 360, 30, True),
        (3, 1440, 120, False),
    ]


def test_an_outage_pages_within_a_minute() -> None:
    assert _first(FAST, WELL, _minutes(10, bad=1000), firing=True) == 1


def test_a_leak_of_one_per_cent_pages_within_four_hours_and_never_on_the_fast_rule() -> None:
    leak = _minutes(DAY, bad=10)
    assert _first(FAST, WELL, leak, firing=True) is None
    assert _first(SLOW, WELL, leak, firing=True) == 217  # more than 0.6 % of 360 minutes


def test_a_leak_of_half_a_per_cent_is_a_ticket_and_no_page() -> None:
    leak = _minutes(DAY, bad=5)
    assert [_first(rate, WELL, leak, firing=True) is not None for rate in BURN_RATES] == [False, False, True]


def test_a_blip_of_five_minutes_that_fails_one_request_in_ten_pages_nobody() -> None:
    blip = _minutes(5, bad=100) + _minutes(DAY, bad=0)
    assert [_first(rate, WELL, blip, firing=True) for rate in BURN_RATES] == [None, None, None]


def test_a_page_ends_five_minutes_after_the_outage() -> None:
    outage = WELL + _minutes(30, bad=1000)
    assert fires(FAST, OBJECTIVE, outage)
    assert _first(FAST, outage, _minutes(60, bad=0), firing=False) == 5


def test_service_as_promised_never_fires() -> None:
    exactly = _minutes(DAY, bad=1)
    assert not any(fires(rate, OBJECTIVE, exactly) for rate in BURN_RATES)


@pytest.mark.parametrize(("total", "expected"), [(1, False), (2, True)])
def test_a_ratio_of_a_few_requests_says_nothing(total: int, *, expected: bool) -> None:
    assert fires(FAST, OBJECTIVE, _minutes(60, bad=total, total=total)) is expected


def test_no_requests_are_no_failure() -> None:
    assert not fires(FAST, Objective(availability_percent=99.9, minimum_requests=1), _minutes(60, bad=0, total=0))


@pytest.mark.parametrize(
    ("rate", "long", "short", "limit"),
    [(FAST, "60m", "5m", "0.0144"), (SLOW, "360m", "30m", "0.006"), (TICKET, "1440m", "120m", "0.003")],
)
def test_a_query_asks_both_windows_of_the_requests_of_users(rate: BurnRate, long: str, short: str, limit: str) -> None:
    rule = burn_rate_rule(rate, OBJECTIVE)
    assert rule.query == (
        "ContainerAppConsoleLogs\n"
        '| where Log has "app.request"\n'
        "| extend line = parse_json(Log)\n"
        '| where tostring(line.logger) == "app.request" and tostring(line.path) !startswith "/health"\n'
        "| extend status = toint(line.status), milliseconds = todouble(line.milliseconds)\n"
        "| extend bad = status == 0 or status >= 500\n"
        f"| where TimeGenerated > ago({long})\n"
        f"| extend recent = TimeGenerated > ago({short})\n"
        "| summarize total = count(), failed = countif(bad),\n"
        "    recent_total = countif(recent), recent_failed = countif(recent and bad)\n"
        "| where total >= 100 and recent_total > 0\n"
        f"| where todouble(failed) / total > {limit} and todouble(recent_failed) / recent_total > {limit}"
    )
    assert rule.window_minutes == rate.long_minutes
    assert rule.frequency_minutes >= 5


def test_severities_say_what_people_do() -> None:
    assert [severity.pages for severity in Severity] == [True, True, False, False]
