"""When events happen. An event repeats at the same hour of its own zone, whatever that is in UTC on the day."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from app.domain.errors import Invalid
from app.domain.events import Event, EventContent, Place, Window
from app.domain.recurrence import Days, Rule
from app.domain.time_zones import zone

WINDOW_MAX: Final = timedelta(days=366)
FIRST_MOMENT: Final = datetime(1900, 1, 1, tzinfo=UTC)
LAST_MOMENT: Final = datetime(2200, 1, 1, tzinfo=UTC)
COUNTED_WITHIN: Final = timedelta(days=36525)
"""How long after its first occurrence a rule that counts must have had its last."""

_MARGIN: Final = timedelta(days=2)
"""More than any zone is away from UTC."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Occurrence:
    """One time that an event happens."""

    event: Event
    starts_at: datetime
    ends_at: datetime

    @property
    def place(self) -> Place:
        """Where it stands among others."""
        return self.starts_at, self.event.id


@dataclass(frozen=True, kw_only=True, slots=True)
class OccurrencePage:
    """Occurrences, first ones first; `after` is where the next page starts, None on the last one."""

    occurrences: tuple[Occurrence, ...]
    after: Place | None


def moment(pointer: str, value: datetime) -> datetime:
    """Return a moment in UTC.

    Raises:
        Invalid: It has no offset, parts of a second, or is not in the years that calendars cover.
    """
    if value.tzinfo is None:
        raise Invalid(pointer, "expected a date-time with its offset from UTC")
    if value.microsecond or not FIRST_MOMENT <= value < LAST_MOMENT:
        raise Invalid(pointer, "expected whole seconds in the years 1900 to 2199")
    return value.astimezone(UTC)


def window(since: datetime, before: datetime) -> Window:
    """Make the window of a list.

    Raises:
        Invalid: It is empty, or longer than `WINDOW_MAX`.
    """
    made = Window(since=moment("", since), before=moment("", before))
    if not made.since < made.before <= made.since + WINDOW_MAX:
        raise Invalid("", f"to: expected a time after from, by at most {WINDOW_MAX.days} days")
    return made


def page(events: Iterable[Event], within: Window, *, limit: int, after: Place | None, days: Days) -> OccurrencePage:
    """Return at most `limit` occurrences that overlap the window and are behind the place `after`."""
    each = (_occurrences(event, within, after, days) for event in events)
    found = tuple(islice(heapq.merge(*each, key=lambda one: one.place), limit + 1))
    return OccurrencePage(occurrences=found[:limit], after=found[limit - 1].place if len(found) > limit else None)


def _occurrences(event: Event, within: Window, after: Place | None, days: Days) -> Iterator[Occurrence]:
    kept = event.content
    since = max(within.since - kept.length, after[0]) if after else within.since - kept.length
    for start in starts(kept, since=since, before=within.before, days=days):
        one = Occurrence(event=event, starts_at=start, ends_at=start + kept.length)
        overlaps = one.ends_at > within.since or start >= within.since
        if overlaps and start not in kept.excluded and (after is None or one.place > after):
            yield one


def starts(event: EventContent, *, since: datetime, before: datetime, days: Days) -> Iterator[datetime]:
    """Give the moments from `since` to `before` at which an event starts, in order, left out or not.

    A local time that a change of the clocks skips does not happen, one that it repeats happens the first time
    (RFC 5545 sections 3.3.10 and 3.3.5); the first occurrence is where it was put.
    """
    if event.recurrence is None:
        if since <= event.starts_at < before:
            yield event.starts_at
        return
    place = zone(event.time_zone)
    first = event.starts_at.astimezone(place)
    nearby = days(
        event.recurrence, first=first.date(), since=(since - _MARGIN).date(), before=(before + _MARGIN).date()
    )
    for day in nearby:
        start = event.starts_at if day == first.date() else _start(day, first.time(), place)
        if start is None or start < since:
            continue
        if start >= before or (event.last_at and start + event.length > event.last_at):
            return
        yield start


def _start(day: date, at: time, place: ZoneInfo) -> datetime | None:
    """Return the moment of a local time, None where the clocks skip it."""
    local = datetime.combine(day, at.replace(fold=0))
    start = local.replace(tzinfo=place).astimezone(UTC)
    return start if start.astimezone(place).replace(tzinfo=None) == local else None


def last_at(event: EventContent, rule: Rule, days: Days) -> datetime | None:
    """Return after which moment nothing happens of an event that repeats by a rule; None when it goes on for ever.

    Raises:
        Invalid: The event's own start is not of its rule, or the rule's end is too far away to be told.
    """
    place = zone(event.time_zone)
    first = event.starts_at.astimezone(place).date()
    if next(days(rule, first=first, since=first, before=first + timedelta(days=1)), None) is None:
        raise Invalid("/recurrence", "the event's own start must be an occurrence of the rule")
    if rule.until is not None:
        return _until(rule.until, event.starts_at, place) + event.length
    if rule.count is None:
        return None
    before = min(event.starts_at + COUNTED_WITHIN, LAST_MOMENT)
    all_of_it = starts(replace(event, last_at=None), since=event.starts_at, before=before, days=days)
    counted = list(islice(all_of_it, rule.count))
    if len(counted) < rule.count:
        raise Invalid("/recurrence", "COUNT: the last occurrence is too far away; with UNTIL it need not be told")
    return counted[-1] + event.length


def _until(until: datetime | date, start: datetime, place: ZoneInfo) -> datetime:
    """Return the last moment at which an occurrence may start; a day means all of it, in the event's own zone."""
    if not isinstance(until, datetime):
        until = datetime.combine(min(until, LAST_MOMENT.date()), time(23, 59, 59), tzinfo=place)
    if until < start:
        raise Invalid("/recurrence", "UNTIL is before the event's own start")
    return min(until, LAST_MOMENT).astimezone(UTC)
