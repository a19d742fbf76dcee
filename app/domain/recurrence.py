"""Rules of recurrence (RFC 5545 section 3.3.10): which are taken, and how they are written.

Taken are rules that speak of days, so that a rule is a set of days and its work can be bounded: `FREQ` from `DAILY` to
`YEARLY` with `INTERVAL`, `COUNT` or `UNTIL`, `BYDAY`, `BYMONTHDAY`, `BYMONTH`, `BYSETPOS` and `WKST`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final, Protocol

from app.domain.errors import Invalid

RULE_MAX: Final = 500
"""Characters of a rule."""
COUNT_MAX: Final = 1000
"""Occurrences of a rule that counts them."""
INTERVAL_MAX: Final = 1000

WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

_WEEKS_OF_MONTH: Final = 5
_WEEKS_OF_YEAR: Final = 53
_POINTER: Final = "/recurrence"
_BY_DAY: Final = re.compile(r"([+-]?[1-9][0-9]?)?(MO|TU|WE|TH|FR|SA|SU)")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,4}")
_UNTIL: Final = re.compile(r"[0-9]{8}(T[0-9]{6}Z)?")


class Frequency(StrEnum):
    """What a rule counts in."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A rule; empty tuples are parts that it has not.

    Args:
        text: How it was written, in upper case. Rules that say the same are equal.
        until: Last moment at which an occurrence may start, or its last day.
        by_day: Weekdays, Monday 0, each with its ordinal in the month or year; None for every one.
    """

    text: str = field(compare=False)
    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: datetime | date | None = None
    by_day: tuple[tuple[int, int | None], ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_month: tuple[int, ...] = ()
    by_position: tuple[int, ...] = ()
    week_start: int = 0


class Days(Protocol):
    """Gives the days of a rule; `COUNT` and `UNTIL` are for the caller, who knows the moments."""

    def __call__(self, rule: Rule, *, first: date, since: date, before: date) -> Iterator[date]:
        """Give those from `since` up to, not including, `before`, in order, of a rule that begins on `first`."""
        ...


def parse(text: str) -> Rule:
    """Read a rule.

    Raises:
        Invalid: It is none, or of a kind that is not taken.
    """
    if len(text) > RULE_MAX:
        raise _refused(f"expected at most {RULE_MAX} characters")
    text = text.upper()
    pairs = [part.partition("=") for part in text.split(";")]
    parts = {name: value for name, _, value in pairs}
    if len(parts) < len(pairs) or "FREQ" not in parts:
        raise _refused("expected FREQ=..., and each part once")
    if unknown := sorted(set(parts) - {"FREQ", *_READERS}):
        raise _refused(f"{unknown[0][:20]} is not supported; expected FREQ and any of {', '.join(_READERS)}")
    if parts["FREQ"] not in set(Frequency):
        raise _refused(f"FREQ: expected {', '.join(Frequency)}")
    read = {field: reader(parts[name]) for name, (field, reader) in _READERS.items() if name in parts}
    rule = Rule(text=text, frequency=Frequency(parts["FREQ"]), **read)  # pyright: ignore[reportArgumentType] - by table
    _check_whole(rule)
    return rule


def _check_whole(rule: Rule) -> None:
    """Check what parts may stand together (the table in RFC 5545 section 3.3.10, and what is left of it here)."""
    ordinals = [ordinal for _, ordinal in rule.by_day if ordinal is not None]
    if rule.count is not None and rule.until is not None:
        raise _refused("expected COUNT or UNTIL, not both")
    if ordinals and rule.frequency in {Frequency.DAILY, Frequency.WEEKLY}:
        raise _refused(f"BYDAY takes no ordinals with FREQ={rule.frequency}")
    in_month = rule.frequency is Frequency.MONTHLY or rule.by_month
    if in_month and any(abs(ordinal) > _WEEKS_OF_MONTH for ordinal in ordinals):
        raise _refused(f"BYDAY: a month has no weekday more than {_WEEKS_OF_MONTH} times")
    if rule.by_month_day and rule.frequency is Frequency.WEEKLY:
        raise _refused("BYMONTHDAY is not for FREQ=WEEKLY")
    if rule.by_position and rule.frequency in {Frequency.DAILY, Frequency.WEEKLY}:
        raise _refused("BYSETPOS is for FREQ=MONTHLY and FREQ=YEARLY")
    if rule.by_position and not (rule.by_day or rule.by_month_day or rule.by_month):
        raise _refused("BYSETPOS needs another BY part")


def _numbers(least: int, most: int, *, negative: bool = False) -> Callable[[str], tuple[int, ...]]:
    def read(value: str) -> tuple[int, ...]:
        texts = value.split(",")
        numbers = [int(one) for one in texts if _NUMBER.fullmatch(one)]
        if len(numbers) < len(texts) or not all(least <= (abs(n) if negative else n) <= most for n in numbers):
            raise _refused(f"expected numbers from {least} to {most}{', or negative' if negative else ''}")
        return tuple(dict.fromkeys(numbers))

    return read


def _number(most: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        [number, *more] = _numbers(1, most)(value)
        if more:
            raise _refused("expected one number")
        return number

    return read


def _by_day(value: str) -> tuple[tuple[int, int | None], ...]:
    found = [_BY_DAY.fullmatch(one) for one in value.split(",")]
    days = [(WEEKDAYS.index(one[2]), int(one[1]) if one[1] else None) for one in found if one]
    if len(days) < len(found) or any(abs(ordinal or 1) > _WEEKS_OF_YEAR for _, ordinal in days):
        raise _refused("BYDAY: expected weekdays as MO or -1FR")
    return tuple(dict.fromkeys(days))


def _until(value: str) -> datetime | date:
    if not _UNTIL.fullmatch(value):
        raise _refused("UNTIL: expected a day as 20261231, or a moment of UTC as 20261231T120000Z")
    try:
        moment = datetime.fromisoformat(value).replace(tzinfo=UTC)
    except ValueError:
        raise _refused("UNTIL: there is no such day or moment") from None
    return moment if "T" in value else moment.date()


def _week_start(value: str) -> int:
    if value not in WEEKDAYS:
        raise _refused("WKST: expected a weekday")
    return WEEKDAYS.index(value)


def _refused(detail: str) -> Invalid:
    return Invalid(_POINTER, detail)


_READERS: Final[dict[str, tuple[str, Callable[[str], object]]]] = {
    "INTERVAL": ("interval", _number(INTERVAL_MAX)),
    "COUNT": ("count", _number(COUNT_MAX)),
    "UNTIL": ("until", _until),
    "BYDAY": ("by_day", _by_day),
    "BYMONTHDAY": ("by_month_day", _numbers(1, 31, negative=True)),
    "BYMONTH": ("by_month", _numbers(1, 12)),
    "BYSETPOS": ("by_position", _numbers(1, 366, negative=True)),
    "WKST": ("week_start", _week_start),
}
