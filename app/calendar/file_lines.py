"""The lines of calendar files (RFC 5545 section 3.1), as strangers write them: what of it is worth a parser's time.

Only the lines of an event that we keep something of go on to the library. Definitions of time zones do not: it would
remember them for everybody, by the name that their writer chose.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from app.domain.errors import Invalid

EVENTS_MAX: Final = 1000
"""Events in a file."""
LINE_MAX: Final = 20_000
"""Characters of a line that is kept, unfolded; the longest notes need half of it."""
DEPTH_MAX: Final = 5
"""Components within components."""

KEPT: Final = frozenset(
    {
        *("UID", "SUMMARY", "DESCRIPTION", "LOCATION", "STATUS"),
        *("DTSTART", "DTEND", "DURATION", "RRULE", "EXDATE"),
        *("RDATE", "EXRULE", "RECURRENCE-ID"),
    }
)
"""Properties of an event that are looked at."""
_IN_CALENDAR: Final = ["VCALENDAR"]
_IN_EVENT: Final = ["VCALENDAR", "VEVENT"]
_NO_CALENDAR: Final = "expected a calendar: BEGIN:VCALENDAR to END:VCALENDAR"
_ZONE: Final = "X-WR-TIMEZONE"


@dataclass(frozen=True, kw_only=True, slots=True)
class EventLines:
    """What a file says of an event: lines by the name of their property. `position` counts from 1."""

    position: int
    lines: tuple[tuple[str, str], ...]

    def of(self, name: str) -> list[str]:
        """Return the lines of a property."""
        return [line for kind, line in self.lines if kind == name]


@dataclass(frozen=True, kw_only=True, slots=True)
class FileLines:
    """A file. `zone` is where times without a zone are meant, empty when it does not say."""

    zone: str
    events: tuple[EventLines, ...]


def split(body: bytes) -> FileLines:
    """Take a file apart.

    Raises:
        Invalid: It is no calendar, or has more in it than is taken.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("", "expected text in UTF-8") from None
    scan = _Scan()
    for line in filter(None, _unfolded(text)):
        scan.take(line)
    if scan.inside or not scan.any:
        raise Invalid("", _NO_CALENDAR)
    return FileLines(zone=scan.zone, events=tuple(scan.events))


class _Scan:
    """Where in a file we are, and what of it has been kept."""

    def __init__(self) -> None:
        self.inside: list[str] = []
        self.any = False
        self.zone = ""
        self.events: list[EventLines] = []
        self._lines: list[tuple[str, str]] = []

    def take(self, line: str) -> None:
        """Take the next line."""
        name = line.partition(":")[0].partition(";")[0].strip().upper()
        value = line.partition(":")[2].strip()
        if name == "BEGIN":
            self._begin(value.upper())
        elif name == "END":
            self._end(value.upper())
        elif not self.inside:
            raise Invalid("", _NO_CALENDAR)
        elif self.inside == _IN_EVENT and name in KEPT:
            self._lines.append((name, line))
        elif self.inside == _IN_CALENDAR and name == _ZONE:
            self.zone = value

    def _begin(self, component: str) -> None:
        self.any = True
        self.inside.append(component)
        if self.inside[0] != "VCALENDAR" or len(self.inside) > DEPTH_MAX:
            raise Invalid("", _NO_CALENDAR)
        if self.inside == _IN_EVENT:
            self._lines = []
            if len(self.events) >= EVENTS_MAX:
                raise Invalid("", f"expected at most {EVENTS_MAX} events in a file; split it")

    def _end(self, component: str) -> None:
        if self.inside[-1:] != [component]:
            raise Invalid("", "expected every component to end where it began")
        if self.inside == _IN_EVENT:
            self.events.append(EventLines(position=len(self.events) + 1, lines=tuple(self._lines)))
        self.inside.pop()


def _unfolded(text: str) -> Iterator[str]:
    """Give the lines, each put together from those that it was folded into."""
    parts: list[str] = []
    for line in text.split("\n"):
        whole = line.removesuffix("\r")
        if parts and whole[:1] in {" ", "\t"}:
            parts.append(whole[1:])
            continue
        if parts:
            yield "".join(parts)
        parts = [whole]
    yield "".join(parts)
