"""Tools for the calendar: what the routes of the API do, for a model that acts for a person."""

from typing import Final

from msgspec import UNSET, UnsetType
from starlette.requests import Request

from app.cache.keys import Kind
from app.calendar.recurrence import days
from app.domain.events import Event, begin, revise
from app.domain.occurrences import page, window
from app.tools.tool import Tool
from app.tools.which import Deleted, WhichOne, WhichPage, said
from app.web.auth import principal_of
from app.web.state import State
from app.wire.documents import Moment, merge
from app.wire.events import (
    EventDocument,
    Location,
    NewEvent,
    Notes,
    OccurrencePageDocument,
    RuleText,
    Title,
    ZoneName,
    after_place,
)


class WhichWindow(WhichPage, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which stretch of time to list, at most 366 days, from `since` up to `before`."""

    since: Moment
    before: Moment


class EventChange(WhichOne, frozen=True, forbid_unknown_fields=True):
    """What to change of an event: an absent member stays, null takes it away."""

    title: Title | UnsetType = UNSET
    starts_at: Moment | UnsetType = UNSET
    ends_at: Moment | UnsetType = UNSET
    notes: Notes | UnsetType | None = UNSET
    location: Location | UnsetType | None = UNSET
    all_day: bool | UnsetType = UNSET
    time_zone: ZoneName | UnsetType = UNSET
    recurrence: RuleText | UnsetType | None = UNSET
    excluded: list[Moment] | UnsetType = UNSET


async def _list(request: Request[State], which: WhichWindow) -> OccurrencePageDocument:
    within, after = window(which.since, which.before), after_place(which.cursor)
    once, repeated = await request.state["events"].within(
        principal_of(request), within, limit=which.limit + 1, after=after
    )
    return OccurrencePageDocument.of(page([*once, *repeated], within, limit=which.limit, after=after, days=days))


async def _create(request: Request[State], new: NewEvent) -> EventDocument:
    event = begin(new.to_content(), now=request.state["now"]())
    await request.state["events"].add(principal_of(request), event)
    return EventDocument.of(event)


async def _read(request: Request[State], which: WhichOne) -> EventDocument:
    event = await request.state["events"].get(principal_of(request), which.id)
    which.check(event)
    return EventDocument.of(event)


async def _change(request: Request[State], change: EventChange) -> EventDocument:
    now = request.state["now"]()

    def edit(event: Event) -> Event:
        change.check(event)
        return revise(event, merge(EventDocument.of(event), said(change), NewEvent).to_content(), now=now)

    return EventDocument.of(await request.state["events"].change(principal_of(request), change.id, edit))


async def _delete(request: Request[State], which: WhichOne) -> Deleted:
    await request.state["events"].remove(principal_of(request), which.id, which.check)
    return Deleted(id=which.id)


TOOLS: Final = (
    Tool(
        name="list_events",
        description="List what happens in a stretch of time in the person's calendar, in order, page by page.",
        takes=WhichWindow,
        gives=OccurrencePageDocument,
        work=_list,
        reads=True,
    ),
    Tool(
        name="create_event",
        changes=Kind.EVENTS,
        description="Keep a new event; it can repeat by a rule of RFC 5545, as FREQ=WEEKLY;BYDAY=MO.",
        takes=NewEvent,
        gives=EventDocument,
        work=_create,
    ),
    Tool(name="read_event", description="Read one event.", takes=WhichOne, gives=EventDocument, work=_read, reads=True),
    Tool(
        name="change_event",
        changes=Kind.EVENTS,
        description="Change an event: a member that is left out stays, null takes it away; "
        "an occurrence that shall not happen is added to the excluded starts.",
        takes=EventChange,
        gives=EventDocument,
        work=_change,
    ),
    Tool(
        name="delete_event",
        changes=Kind.EVENTS,
        description="Delete an event for ever, with all its occurrences.",
        takes=WhichOne,
        gives=Deleted,
        work=_delete,
        destroys=True,
    ),
)
