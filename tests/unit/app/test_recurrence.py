"""Which rules are taken, and that the days of each are those of RFC 5545, in bounded work."""

import time
from contextlib import suppress
from datetime import date, datetime, timedelta
from itertools import islice

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.calendar.recurrence import days
from app.domain.errors import Invalid
from app.domain.recurrence import COUNT_MAX, INTERVAL_MAX, RULE_MAX, WEEKDAYS, parse

WITHIN_S = 0.5
"""Bound on the work for one rule; a hundred times what it takes."""
END = date(2200, 1, 1)


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Draw any rule that is taken, without its end."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={frequency}"]
    if draw(st.booleans()):
        parts.append(f"INTERVAL={draw(st.integers(1, 14))}")
    weekdays = draw(st.lists(st.sampled_from(WEEKDAYS), max_size=3, unique=True))
    if weekdays and frequency in {"MONTHLY", "YEARLY"}:
        ordinal = draw(st.sampled_from(["", "1", "-1", "2", "+3", "5"]))
        parts.append("BYDAY=" + ",".join(ordinal + one for one in weekdays))
    elif weekdays:
        parts.append("BYDAY=" + ",".join(weekdays))
    month_days = draw(st.lists(st.integers(-31, 31).filter(bool), max_size=3, unique=True))
    if month_days and frequency != "WEEKLY":
        parts.append("BYMONTHDAY=" + ",".join(map(str, month_days)))
    months = draw(st.lists(st.integers(1, 12), max_size=3, unique=True))
    if months:
        parts.append("BYMONTH=" + ",".join(map(str, months)))
    if (weekdays or month_days) and frequency in {"MONTHLY", "YEARLY"} and draw(st.booleans()):
        parts.append(f"BYSETPOS={draw(st.sampled_from([1, -1, 2, -2]))}")
    if draw(st.booleans()):
        parts.append(f"WKST={draw(st.sampled_from(WEEKDAYS))}")
    return ";".join(parts)


@settings(max_examples=60, deadline=None)
@given(text=rules(), near=st.dates(date(1999, 1, 1), date(2030, 1, 1)), later=st.integers(0, 1500))
def test_the_days_of_a_rule_are_those_of_the_library_from_any_day_on(text: str, near: date, later: int) -> None:
    rule = parse(text)
    # an event's first day is of its rule; so the library, which searches for ever, always finds something
    first = next(days(rule, first=near, since=near, before=near + timedelta(days=3000)), None)
    assume(first is not None)
    assert first is not None
    since, before = first + timedelta(days=later), first + timedelta(days=later + 400)
    bounded = f"{text}{'' if 'WKST' in text else ';WKST=MO'};UNTIL={before:%Y%m%d}"
    moments = rrulestr(bounded, dtstart=datetime.combine(first, datetime.min.time()))
    expected = [moment.date() for moment in moments if since <= moment.date() < before]
    assert list(days(rule, first=first, since=since, before=before)) == expected


@pytest.mark.parametrize(
    ("rule", "first", "expected"),
    [
        ("FREQ=MONTHLY;BYDAY=-1FR", date(2026, 1, 30), ["2026-01-30", "2026-02-27", "2026-03-27"]),
        ("FREQ=MONTHLY", date(2026, 1, 31), ["2026-01-31", "2026-03-31", "2026-05-31"]),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            date(2026, 1, 30),
            ["2026-01-30", "2026-02-27", "2026-03-31"],
        ),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO", date(1997, 8, 5), ["1997-08-05", "1997-08-10", "1997-08-19"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU", date(1997, 8, 5), ["1997-08-05", "1997-08-17", "1997-08-19"]),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", date(2026, 11, 26), ["2026-11-26", "2027-11-25", "2028-11-23"]),
        ("FREQ=DAILY;BYMONTH=1;BYDAY=MO", date(2026, 1, 26), ["2026-01-26", "2027-01-04", "2027-01-11"]),
        ("freq=daily;interval=10", date(2026, 1, 1), ["2026-01-01", "2026-01-11", "2026-01-21"]),
    ],
)
def test_examples_of_the_standard(rule: str, first: date, expected: list[str]) -> None:
    found = islice(days(parse(rule), first=first, since=first, before=END), 3)
    assert [day.isoformat() for day in found] == expected


def test_a11_the_leap_day_comes_every_four_years_and_not_in_2100() -> None:
    first = date(2092, 2, 29)
    found = list(islice(days(parse("FREQ=YEARLY"), first=first, since=first, before=END), 4))
    assert [day.year for day in found] == [2092, 2096, 2104, 2108]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30,31",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTHDAY=1;BYSETPOS=366",
        "FREQ=YEARLY;BYDAY=53MO;BYSETPOS=2",
        "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=366;INTERVAL=1000",
    ],
)
def test_a_rule_without_days_is_found_out_at_once(rule: str) -> None:
    started = time.perf_counter()
    first = date(2026, 3, 3)
    assert list(days(parse(rule), first=first, since=first, before=END)) == []
    assert time.perf_counter() - started < WITHIN_S


def test_a_window_far_from_the_first_day_costs_no_more_than_one_near_it() -> None:
    rule, first = parse("FREQ=DAILY"), date(1900, 1, 1)
    started = time.perf_counter()
    for _ in range(20):
        assert len(list(days(rule, first=first, since=date(2199, 1, 1), before=END))) == 365
    assert time.perf_counter() - started < 20 * WITHIN_S


REFUSED = [
    *("", "DAILY", "FREQ=", "FREQ=FORTNIGHTLY", "FREQ=SECONDLY", "FREQ=MINUTELY", "FREQ=HOURLY", "INTERVAL=2"),
    *("FREQ=DAILY;FREQ=DAILY", "FREQ=DAILY;", "FREQ=DAILY;BYHOUR=1", "FREQ=DAILY;BYEASTER=0", "FREQ=YEARLY;BYWEEKNO=1"),
    *("FREQ=YEARLY;BYYEARDAY=1", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=-1", "FREQ=DAILY;INTERVAL=1,2"),
    *(f"FREQ=DAILY;INTERVAL={INTERVAL_MAX + 1}", f"FREQ=DAILY;COUNT={COUNT_MAX + 1}", "FREQ=DAILY;COUNT=0"),
    *("FREQ=DAILY;COUNT=1;UNTIL=20260101", "FREQ=DAILY;UNTIL=20260230", "FREQ=DAILY;UNTIL=20260101T000000"),
    *("FREQ=DAILY;UNTIL=20260101T250000Z", "FREQ=DAILY;BYDAY=1MO", "FREQ=WEEKLY;BYDAY=-1MO", "FREQ=MONTHLY;BYDAY=0MO"),
    *(
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=YEARLY;BYDAY=6MO;BYMONTH=12",
        "FREQ=YEARLY;BYDAY=54MO",
        "FREQ=MONTHLY;BYDAY=",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYMONTHDAY=32",
    ),
    *(
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=DAILY;BYSETPOS=1",
        "FREQ=MONTHLY;BYSETPOS=1",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0",
    ),
    *(
        "FREQ=MONTHLY;BYMONTH=13",
        "FREQ=MONTHLY;BYMONTH=-1",
        "FREQ=WEEKLY;WKST=XX",
        "FREQ=DAILY\r\nX:1",
        "FREQ=DAILY;COUNT=\u0661",
    ),
    *("FREQ=DAILY;COUNT=1e9", "FREQ=DAILY;INTERVAL=99999999999999999999", "FREQ=DAILY;BYDAY=" + "MO," * RULE_MAX),
    *("FREQ=DAILY;UNTIL=00000101", "RRULE:FREQ=DAILY", "FREQ=DAILY;COUNT", "FREQ = DAILY", "FREQ=DAİLY"),
]


@pytest.mark.parametrize("rule", REFUSED)
def test_what_is_no_rule_or_none_that_is_taken_is_refused_with_a_reason(rule: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse(rule)
    assert refusal.value.pointer == "/recurrence"


@given(
    st.text(max_size=40)
    | st.lists(st.sampled_from(["FREQ=DAILY", "COUNT=", "9", ";", "BYDAY=", "MO", ","])).map("".join)
)
def test_any_text_is_a_rule_or_invalid(text: str) -> None:
    with suppress(Invalid):
        assert parse(text).text == text.upper()
