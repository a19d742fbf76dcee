"""Routes for the caller's calendar, under `/api/v1/calendar/events`."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.cache.keys import Kind
from app.calendar.recurrence import days
from app.domain.errors import Invalid
from app.domain.events import Event, begin, revise
from app.domain.occurrences import WINDOW_MAX, page, window
from app.domain.versions import require_version
from app.web.auth import principal_of
from app.web.cached import cached, changing
from app.web.documents import Json, read_object
from app.web.layers import route
from app.web.operation import CURSOR, IF_MATCH, JSON, LIMIT, MERGE_PATCH, Operation, Resource, Schema, parameter
from app.web.requests import entity_tag, expected_versions, page_limit, path_id, query_moment
from app.web.state import State
from app.wire.documents import fit, merge
from app.wire.events import EventDocument, NewEvent, OccurrencePageDocument, after_place

PATH: Final = "/api/v1/calendar/events"


async def list_events(request: Request[State]) -> Response:
    """Answer a page of what happens in a window."""
    since, before = query_moment(request, "from"), query_moment(request, "to")
    if since is None or before is None:
        raise Invalid("", "from and to: expected both")
    within, limit = window(since, before), page_limit(request)
    after = after_place(request.query_params.get("cursor"))
    once, repeated = await request.state["events"].within(principal_of(request), within, limit=limit + 1, after=after)
    found = page([*once, *repeated], within, limit=limit, after=after, days=days)
    return Json(OccurrencePageDocument.of(found))


async def create_event(request: Request[State]) -> Response:
    """Keep a new event."""
    new = fit(await read_object(request, JSON), NewEvent)
    event = begin(new.to_content(), now=request.state["now"]())
    await request.state["events"].add(principal_of(request), event)
    return _answer(event, 201, {"Location": f"{PATH}/{event.id}"})


async def get_event(request: Request[State]) -> Response:
    """Answer one event."""
    return _answer(await request.state["events"].get(principal_of(request), path_id(request, "event_id")))


async def change_event(request: Request[State]) -> Response:
    """Merge the body into an event (RFC 7396): an absent member stays, null takes the member away."""
    patch = await read_object(request, MERGE_PATCH, JSON)
    expected = expected_versions(request)
    now = request.state["now"]()

    def edit(event: Event) -> Event:
        require_version(event, expected)
        return revise(event, merge(EventDocument.of(event), patch, NewEvent).to_content(), now=now)

    return _answer(await request.state["events"].change(principal_of(request), path_id(request, "event_id"), edit))


async def remove_event(request: Request[State]) -> Response:
    """Delete an event with all its occurrences."""
    expected = expected_versions(request)
    await request.state["events"].remove(
        principal_of(request), path_id(request, "event_id"), lambda event: require_version(event, expected)
    )
    return Response(status_code=204)


def _answer(event: Event, status: int = 200, headers: dict[str, str] | None = None) -> Json:
    return Json(EventDocument.of(event), status, {**entity_tag(event.version), **(headers or {})})


def _moment(name: str, description: str) -> Schema:
    described = parameter(name, "query", description, {"type": "string", "format": "date-time"})
    return {**described, "required": True}


_EVENT_ID: Final = parameter("event_id", "path", "The event.", {"type": "string", "format": "uuid"})
_ONE: Final = PATH + "/{event_id}"

RESOURCE: Final = Resource(
    routes=(
        route(PATH, GET=cached(Kind.EVENTS, list_events), POST=changing(Kind.EVENTS, create_event)),
        route(
            _ONE,
            GET=cached(Kind.EVENTS, get_event),
            PATCH=changing(Kind.EVENTS, change_event),
            DELETE=changing(Kind.EVENTS, remove_event),
        ),
    ),
    operations=(
        Operation(
            method="get",
            path=PATH,
            name="listEvents",
            kept=True,
            summary="What happens in a stretch of time, events that repeat as often as they do",
            answer="OccurrencePageDocument",
            parameters=(
                _moment("from", "Where the stretch begins."),
                _moment("to", f"Where it ends, at most {WINDOW_MAX.days} days later."),
                LIMIT,
                CURSOR,
            ),
            problems=(422,),
        ),
        Operation(
            method="post",
            path=PATH,
            name="createEvent",
            summary="Keep a new event",
            status=201,
            answer="EventDocument",
            body="NewEvent",
            headers=("ETag", "Location"),
            problems=(409, 413, 415, 422),
        ),
        Operation(
            method="get",
            path=_ONE,
            name="getEvent",
            kept=True,
            summary="One event",
            answer="EventDocument",
            parameters=(_EVENT_ID,),
            problems=(404,),
        ),
        Operation(
            method="patch",
            path=_ONE,
            name="changeEvent",
            summary="Change an event: an absent member stays, null takes it away",
            answer="EventDocument",
            body="EventPatch",
            body_types=(MERGE_PATCH, JSON),
            parameters=(_EVENT_ID, IF_MATCH),
            headers=("ETag",),
            problems=(404, 409, 412, 413, 415, 422),
        ),
        Operation(
            method="delete",
            path=_ONE,
            name="removeEvent",
            summary="Delete an event with all its occurrences",
            status=204,
            parameters=(_EVENT_ID, IF_MATCH),
            problems=(404, 412),
        ),
    ),
    documents=(NewEvent, EventDocument, OccurrencePageDocument),
    patches={NewEvent: "EventPatch"},
)
