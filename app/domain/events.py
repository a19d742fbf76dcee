"""Events of a calendar, as records, and what keeps them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from app.domain.identifiers import time_ordered_id
from app.domain.models import Principal
from app.domain.recurrence import Rule
from app.domain.versions import FIRST_VERSION

TITLE_MAX: Final = 200
"""Characters."""
NOTES_MAX: Final = 4000
"""Characters."""
LOCATION_MAX: Final = 200
"""Characters."""
UID_MAX: Final = 255
"""Characters of the name that an event has in files."""
LENGTH_MAX: Final = timedelta(days=31)
EXCLUDED_MAX: Final = 500
"""Occurrences that are left out."""
REPEATED_MAX: Final = 200
"""Events that repeat, per person: each is looked at whenever the calendar is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EventContent:
    """What a person decides about an event.

    Args:
        starts_at: Of the first occurrence, in UTC, as all moments.
        all_day: Whether it is on its dates wherever one is; then the zone is UTC and the moments are midnights.
        time_zone: Where it is repeated at the same hour.
        excluded: Starts of occurrences that are left out, in order.
        last_at: After it nothing of the event happens; None when it goes on for ever.
    """

    title: str
    notes: str | None
    location: str | None
    starts_at: datetime
    ends_at: datetime
    all_day: bool
    time_zone: str
    recurrence: Rule | None
    excluded: tuple[datetime, ...]
    last_at: datetime | None

    @property
    def length(self) -> timedelta:
        """How long every occurrence is (RFC 5545 section 3.8.5.3)."""
        return self.ends_at - self.starts_at


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """An event as it is kept. `id` grows with time, `version` with every change; `uid` is its name in files."""

    id: UUID
    uid: str
    content: EventContent
    created_at: datetime
    updated_at: datetime
    version: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A stretch of time, from `since` up to `before`, in UTC."""

    since: datetime
    before: datetime


Place = tuple[datetime, UUID]
"""Where an occurrence stands in a calendar: by its start, then by its event."""


class EventStore(Protocol):
    """Events of every person. Each method sees the events of `owner` only; another person's event is not found.

    Every method may raise `Unavailable`; what keeps something may raise `Erased`, and `Conflict` when the person has
    that name already or more events that repeat than `REPEATED_MAX`.
    """

    async def add(self, owner: Principal, event: Event) -> None:
        """Keep a new event."""
        ...

    async def get(self, owner: Principal, event_id: UUID) -> Event:
        """Return one event, or raise `NotFound`."""
        ...

    async def within(
        self, owner: Principal, window: Window, *, limit: int, after: Place | None
    ) -> tuple[Sequence[Event], Sequence[Event]]:
        """Return what may happen in a window: at most `limit` events that happen once, by place, and all that repeat.

        Events that happen once are after the place `after`, if there is one.
        """
        ...

    async def batch(self, owner: Principal, *, limit: int, after: UUID | None) -> Sequence[Event]:
        """Return at most `limit` events newer than the event `after`, oldest first."""
        ...

    async def change(self, owner: Principal, event_id: UUID, edit: Callable[[Event], Event]) -> Event:
        """Replace an event by what `edit` makes of it, with no other change in between, or raise `NotFound`."""
        ...

    async def remove(self, owner: Principal, event_id: UUID, check: Callable[[Event], None]) -> None:
        """Delete an event unless `check` raises, with no other change in between, or raise `NotFound`."""
        ...

    async def merge(
        self, owner: Principal, uids: Sequence[str], edit: Callable[[str, Event | None], Event | None]
    ) -> None:
        """Keep what `edit` makes of each name and the event that has it, all or nothing; None leaves it as it is."""
        ...


def begin(new: EventContent, *, now: datetime, uid: str = "") -> Event:
    """Make a new event, with the name that it has in files; without one its id is its name."""
    own = time_ordered_id(now)
    return Event(id=own, uid=uid or str(own), content=new, created_at=now, updated_at=now, version=FIRST_VERSION)


def revise(event: Event, new: EventContent, *, now: datetime) -> Event:
    """Give an event new content and its next version."""
    return replace(event, content=new, updated_at=max(now, event.updated_at), version=event.version + 1)
