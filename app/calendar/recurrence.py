"""The days of a rule, by dateutil, in work that is bounded whatever the rule says.

dateutil goes on until it finds a day, which for a rule such as the 30th of February is until the year 9999. So it is
asked for one stretch of the calendar at a time, a month or a year: the interval that it is given leads it out of its
calendar after that.
"""

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, Final

from dateutil.rrule import MONTHLY, YEARLY, rrule, weekday

from app.domain.recurrence import Frequency, Rule

_MONTHS: Final = 12
_ONCE: Final = {MONTHLY: 9999 * _MONTHS, YEARLY: 9999}
"""Intervals that lead behind the last year from anywhere."""


def days(rule: Rule, *, first: date, since: date, before: date) -> Iterator[date]:
    """Give the days of a rule: the port `Days`."""
    step = rule.interval * _MONTHS if rule.frequency is Frequency.YEARLY else 1
    step = rule.interval if rule.frequency is Frequency.MONTHLY else step
    origin = first.year * _MONTHS + (0 if rule.frequency is Frequency.YEARLY else first.month - 1)
    since = max(first, since)
    skipped = max(0, (since.year * _MONTHS + since.month - 1 - origin) // step)
    for month in range(origin + skipped * step, before.year * _MONTHS + before.month, step):
        for day in _in_stretch(rule, first, date(month // _MONTHS, month % _MONTHS + 1, 1)):
            if since <= day < before:
                yield day


def _in_stretch(rule: Rule, first: date, start: date) -> Iterator[date]:
    """Give the days of a rule in the month, or year, that begins on the day `start`."""
    frequency = YEARLY if rule.frequency is Frequency.YEARLY else MONTHLY
    found = rrule(
        frequency,
        dtstart=datetime.combine(start, time.min),
        interval=_ONCE[frequency],
        wkst=rule.week_start,
        bysetpos=rule.by_position or None,
        **_parts(rule, first),
    )
    return (moment.date() for moment in found if _is_counted(rule, first, moment.date()))


def _parts(rule: Rule, first: date) -> dict[str, Any]:
    """Return which days are meant, with what the first day says where the rule is silent (RFC 5545 section 3.3.10)."""
    by_day = [weekday(day, ordinal) for day, ordinal in rule.by_day]
    by_month_day, by_month = list(rule.by_month_day), list(rule.by_month)
    match rule.frequency:
        case Frequency.DAILY:
            by_month_day = by_month_day or list(range(1, 32))
        case Frequency.WEEKLY:
            by_day = by_day or [weekday(first.weekday())]
        case Frequency.MONTHLY if not by_day and not by_month_day:
            by_month_day = [first.day]
        case Frequency.YEARLY if not by_day and not by_month_day:
            by_month_day, by_month = [first.day], by_month or [first.month]
        case _:
            pass
    return {"byweekday": by_day or None, "bymonthday": by_month_day or None, "bymonth": by_month or None}


def _is_counted(rule: Rule, first: date, day: date) -> bool:
    """Tell whether a rule that counts days or weeks counts this one."""
    match rule.frequency:
        case Frequency.DAILY:
            return (day - first).days % rule.interval == 0
        case Frequency.WEEKLY:
            return (_week(rule, day) - _week(rule, first)) % rule.interval == 0
        case _:
            return True


def _week(rule: Rule, day: date) -> int:
    return (day.toordinal() - 1 - rule.week_start) // 7  # day 1 of year 1 was a Monday
