"""Rules for what an event consists of."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, time

from app.domain.errors import Invalid
from app.domain.events import EXCLUDED_MAX, LENGTH_MAX, LOCATION_MAX, NOTES_MAX, TITLE_MAX, EventContent
from app.domain.occurrences import last_at, moment
from app.domain.recurrence import Days, parse
from app.domain.texts import check_text
from app.domain.time_zones import UTC_NAME, zone


def content(
    *,
    title: str,
    notes: str | None,
    location: str | None,
    starts_at: datetime,
    ends_at: datetime,
    all_day: bool,
    time_zone: str,
    recurrence: str | None,
    excluded: Iterable[datetime],
    days: Days,
) -> EventContent:
    """Make the content of an event, with its moments in UTC.

    Raises:
        Invalid: A rule is broken.
    """
    check_text("/title", title, most=TITLE_MAX, blank=False)
    check_text("/notes", notes, most=NOTES_MAX)
    check_text("/location", location, most=LOCATION_MAX)
    zone(time_zone)
    new = EventContent(
        title=title,
        notes=notes,
        location=location,
        starts_at=moment("/starts_at", starts_at),
        ends_at=moment("/ends_at", ends_at),
        all_day=all_day,
        time_zone=time_zone,
        recurrence=None if recurrence is None else parse(recurrence),
        excluded=tuple(sorted({moment("/excluded", one) for one in excluded})),
        last_at=None,
    )
    _check_whole(new)
    return replace(new, last_at=last_at(new, new.recurrence, days) if new.recurrence else new.ends_at)


def _check_whole(new: EventContent) -> None:
    """Check what depends on several members."""
    if not new.starts_at <= new.ends_at <= new.starts_at + LENGTH_MAX:
        raise Invalid("/ends_at", f"expected it at or after the start, by at most {LENGTH_MAX.days} days")
    midnights = all(at.time() == time.min for at in (new.starts_at, new.ends_at))
    if new.all_day and not (new.time_zone == UTC_NAME and midnights and new.starts_at < new.ends_at):
        raise Invalid("/all_day", f"expected midnights of UTC, a day or more apart, and the time zone {UTC_NAME}")
    if len(new.excluded) > EXCLUDED_MAX or (new.excluded and not new.recurrence):
        raise Invalid("/excluded", f"expected at most {EXCLUDED_MAX} starts, of an event that repeats")
