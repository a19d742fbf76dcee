"""Events of calendar files (RFC 5545), read by the library `icalendar`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from icalendar import Event as EventComponent
from icalendar.parser import unescape_backslash
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from app.calendar.file_lines import LINE_MAX, EventLines, split
from app.calendar.recurrence import days
from app.domain.errors import Invalid
from app.domain.event_content import content
from app.domain.events import UID_MAX, EventContent
from app.domain.time_zones import UTC_NAME, zone, zone_names

_UNTITLED: Final = "Untitled"
_NOT_KEPT: Final = {
    "RDATE": "dates that are added to a rule are not kept",
    "EXRULE": "rules that leave out are not kept",
    "RECURRENCE-ID": "a single occurrence that was changed is not kept",
}
_PARSED: Final = ("SUMMARY", "DESCRIPTION", "LOCATION", "DTSTART", "DTEND", "DURATION", "EXDATE")
_TZID: Final = re.compile(r";TZID=\"?([^\";:]*)\"?(?=[;:])", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class EventOfFile:
    """An event of a file; without content, `reason` says why."""

    position: int
    uid: str
    content: EventContent | None
    reason: str = ""


def read(body: bytes) -> list[EventOfFile]:
    """Read the events of a file. It takes a second or two for the longest, so it belongs in a thread.

    Raises:
        Invalid: It is no calendar, or has more in it than is taken.
    """
    file = split(body)
    floating = zone(file.zone) if file.zone in zone_names() else ZoneInfo(UTC_NAME)
    return list(_events(file.events, floating))


def _events(found: tuple[EventLines, ...], floating: ZoneInfo) -> Iterator[EventOfFile]:
    seen: set[str] = set()
    for lines in found:
        uid = ""
        try:
            uid = _uid(lines)
            _check(lines, repeated=uid in seen)
            yield EventOfFile(position=lines.position, uid=uid, content=_content(lines, floating))
        except Invalid as refusal:
            reason = f"{refusal.pointer.removeprefix('/')}: {refusal.detail}" if refusal.pointer else refusal.detail
            yield EventOfFile(position=lines.position, uid=uid, content=None, reason=reason)
        seen.add(uid)


def _uid(lines: EventLines) -> str:
    texts = [unescape_backslash(line.partition(":")[2].strip()) for line in lines.of("UID")]
    if len(texts) != 1 or not 1 <= len(texts[0]) <= UID_MAX or not texts[0].isprintable():
        raise Invalid("", f"expected one UID of 1 to {UID_MAX} characters")
    return texts[0]


def _content(lines: EventLines, floating: ZoneInfo) -> EventContent:
    event = _parse(lines)
    start, end = _span(event, floating)
    all_day = not isinstance(event["DTSTART"].dt, datetime)
    return content(
        title=str(event.get("SUMMARY", "")) or _UNTITLED,
        notes=str(event["DESCRIPTION"]) if event.get("DESCRIPTION") else None,
        location=str(event["LOCATION"]) if event.get("LOCATION") else None,
        starts_at=start,
        ends_at=end,
        all_day=all_day,
        time_zone=UTC_NAME if all_day else _zone_name(start),
        recurrence=next((line.partition(":")[2].strip() for line in lines.of("RRULE")), None),
        excluded=[_moment(one.dt, floating) for dates in _listed(event.get("EXDATE")) for one in dates.dts],
        days=days,
    )


def _check(lines: EventLines, *, repeated: bool) -> None:
    """Refuse what cannot be kept, and what the library must not see."""
    if repeated:
        raise Invalid("", "an event before it has the same UID")
    for name, line in lines.lines:
        if name in _NOT_KEPT:
            raise Invalid("", _NOT_KEPT[name])
        if len(line) > LINE_MAX:
            raise Invalid("", f"{name}: expected a line of at most {LINE_MAX} characters")
        if name != "EXDATE" and len(lines.of(name)) > 1:
            raise Invalid("", f"{name}: expected it once")
        if name == "STATUS" and line.partition(":")[2].strip().upper() == "CANCELLED":
            raise Invalid("", "it is cancelled")
        zones = _TZID.findall(line) if name in {"DTSTART", "DTEND", "EXDATE"} else []
        if "TZID=" in line.partition(":")[0].upper() and not zones and name.startswith(("DT", "EX")):
            raise Invalid("", f"{name}: expected the name of a time zone")
        if unknown := [named for named in zones if named not in zone_names() and named not in WINDOWS_TO_OLSON]:
            raise Invalid("", f"{name}: there is no time zone {unknown[0][:64]}")
    if not lines.of("DTSTART"):
        raise Invalid("", "DTSTART: expected a start")


def _parse(lines: EventLines) -> Any:
    """Let the library read the lines; a line that it cannot read is told by name."""
    inner = (line for name, line in lines.lines if name in _PARSED)
    event = EventComponent.from_ical("\r\n".join(("BEGIN:VEVENT", *inner, "END:VEVENT", "")))
    if event.errors:
        raise Invalid("", f"{event.errors[0][0] or 'a line'}: it cannot be read")
    return event


def _span(event: Any, floating: ZoneInfo) -> tuple[datetime, datetime]:
    """Return start and end (RFC 5545 section 3.6.1: without either end or duration, a date is a day long)."""
    first = event["DTSTART"].dt
    try:
        if "DTEND" in event:
            return _moment(first, floating), _moment(event["DTEND"].dt, floating)
        length = event["DURATION"].dt if "DURATION" in event else timedelta(days=not isinstance(first, datetime))
        start = _moment(first, floating)
        return start, (start.astimezone(UTC) + length).astimezone(start.tzinfo)
    except (OverflowError, TypeError):
        raise Invalid("", "DTSTART, DTEND or DURATION: expected dates or times that make sense") from None


def _moment(value: object, floating: ZoneInfo) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=floating)
    if isinstance(value, date):
        return datetime.combine(value, time.min, UTC)
    raise Invalid("", "expected a date or a time")


def _zone_name(start: datetime) -> str:
    name = getattr(start.tzinfo, "key", UTC_NAME)
    return str(name)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return cast("list[Any]", value) if isinstance(value, list) else [value]
