"""What is said about events of a calendar."""

from datetime import UTC, datetime
from typing import Annotated, Self
from uuid import UUID

import msgspec

from app.calendar.recurrence import days
from app.domain.event_content import content
from app.domain.events import LOCATION_MAX, NOTES_MAX, TITLE_MAX, Event, EventContent, Place
from app.domain.occurrences import Occurrence, OccurrencePage
from app.domain.recurrence import RULE_MAX
from app.domain.time_zones import NAME_MAX, UTC_NAME
from app.wire.documents import Moment, after_numbered, numbered_cursor

Title = Annotated[str, msgspec.Meta(min_length=1, max_length=TITLE_MAX)]
Notes = Annotated[str, msgspec.Meta(max_length=NOTES_MAX)]
Location = Annotated[str, msgspec.Meta(max_length=LOCATION_MAX)]
ZoneName = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_MAX)]
RuleText = Annotated[str, msgspec.Meta(min_length=1, max_length=RULE_MAX)]


class NewEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person decides about an event; unknown members are refused.

    It repeats in its time zone by `recurrence`, a rule of RFC 5545, except at the starts in `excluded`. An event of
    whole days is from midnight to midnight of UTC.
    """

    title: Title
    starts_at: Moment
    ends_at: Moment
    notes: Notes | None = None
    location: Location | None = None
    all_day: bool = False
    time_zone: ZoneName = UTC_NAME
    recurrence: RuleText | None = None
    excluded: list[Moment] = msgspec.field(default_factory=list[datetime])

    def to_content(self) -> EventContent:
        """Apply the rules of the product."""
        return content(**{name: getattr(self, name) for name in self.__struct_fields__}, days=days)


class EventDocument(msgspec.Struct, frozen=True):
    """An event; `version` grows with every change and is the entity tag. `uid` is its name in calendar files."""

    id: UUID
    uid: str
    title: Title
    starts_at: Moment
    ends_at: Moment
    notes: Notes | None
    location: Location | None
    all_day: bool
    time_zone: ZoneName
    recurrence: RuleText | None
    excluded: list[Moment]
    created_at: Moment
    updated_at: Moment
    version: int

    @classmethod
    def of(cls, event: Event) -> Self:
        """Render an event."""
        kept = event.content
        return cls(
            id=event.id,
            uid=event.uid,
            title=kept.title,
            starts_at=kept.starts_at,
            ends_at=kept.ends_at,
            notes=kept.notes,
            location=kept.location,
            all_day=kept.all_day,
            time_zone=kept.time_zone,
            recurrence=kept.recurrence.text if kept.recurrence else None,
            excluded=list(kept.excluded),
            created_at=event.created_at,
            updated_at=event.updated_at,
            version=event.version,
        )


class OccurrenceDocument(msgspec.Struct, frozen=True):
    """One time that an event happens; the event has the notes, and the rule by which it repeats."""

    event_id: UUID
    title: Title
    starts_at: Moment
    ends_at: Moment
    location: Location | None
    all_day: bool
    time_zone: ZoneName
    repeats: bool
    version: int

    @classmethod
    def of(cls, one: Occurrence) -> Self:
        """Render an occurrence."""
        kept = one.event.content
        return cls(
            event_id=one.event.id,
            title=kept.title,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            location=kept.location,
            all_day=kept.all_day,
            time_zone=kept.time_zone,
            repeats=kept.recurrence is not None,
            version=one.event.version,
        )


class OccurrencePageDocument(msgspec.Struct, frozen=True):
    """A page of occurrences, first ones first; `cursor` asks for the next page and is null on the last one."""

    items: list[OccurrenceDocument]
    cursor: str | None

    @classmethod
    def of(cls, page: OccurrencePage) -> Self:
        """Render a page."""
        return cls(items=[OccurrenceDocument.of(one) for one in page.occurrences], cursor=_cursor_of(page.after))


class RefusedEvent(msgspec.Struct, frozen=True):
    """An event of a file that was not kept: where it stands in the file, counted from 1, its name, and why."""

    position: int
    uid: str
    reason: str


class ImportDocument(msgspec.Struct, frozen=True):
    """What became of the events of a file."""

    added: int
    changed: int
    unchanged: int
    refused: list[RefusedEvent]


def _cursor_of(after: Place | None) -> str | None:
    return after and numbered_cursor(int(after[0].timestamp()), after[1])


def after_place(cursor: str | None) -> Place | None:
    """Return where the page of a cursor starts; None without one, which is the first page.

    Raises:
        Invalid: It is no cursor.
    """
    return after_numbered(cursor, lambda seconds: datetime.fromtimestamp(seconds, UTC))
