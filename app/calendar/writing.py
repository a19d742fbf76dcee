"""Events as calendar files (RFC 5545), written by the library `icalendar`."""

import re
from collections.abc import AsyncIterator, Sequence
from functools import cache
from typing import Any, Final

from icalendar import Calendar, Timezone, vRecur
from icalendar import Event as EventComponent

from app.domain.events import Event
from app.domain.time_zones import UTC_NAME, zone

_PRODUCT: Final = "-//DigitalMe//Calendar//EN"
_END: Final = b"END:VCALENDAR\r\n"
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
"""What a text of a file cannot hold (RFC 5545 section 3.1)."""


async def write(batches: AsyncIterator[Sequence[Event]]) -> AsyncIterator[bytes]:
    """Give a calendar file piece by piece. A time zone is defined before the first event in it."""
    calendar: Any = Calendar()  # the library's types are incomplete
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    yield calendar.to_ical().removesuffix(_END)
    defined = {UTC_NAME}
    async for batch in batches:
        pieces: list[bytes] = []
        for event in batch:
            if (name := event.content.time_zone) not in defined:
                defined.add(name)
                pieces.append(_zone_component(name))
            pieces.append(_component(event))
        yield b"".join(pieces)
    yield _END


@cache  # there are some hundred zones, and each takes milliseconds
def _zone_component(name: str) -> bytes:
    return Timezone.from_tzinfo(zone(name), name).to_ical()


def _component(event: Event) -> bytes:
    kept, place = event.content, zone(event.content.time_zone)
    component: Any = EventComponent()
    component.add("uid", event.uid)
    component.add("dtstamp", event.updated_at)
    component.add("created", event.created_at)
    component.add("last-modified", event.updated_at)
    start, end = kept.starts_at.astimezone(place), kept.ends_at.astimezone(place)
    component.add("dtstart", start.date() if kept.all_day else start)
    component.add("dtend", end.date() if kept.all_day else end)
    for name, text in (("summary", kept.title), ("description", kept.notes), ("location", kept.location)):
        if text:
            component.add(name, _CONTROL.sub("", text))
    if kept.recurrence:
        component.add("rrule", vRecur.from_ical(kept.recurrence.text))
    if kept.excluded:
        component.add("exdate", [one.date() if kept.all_day else one for one in kept.excluded])
    return component.to_ical()
