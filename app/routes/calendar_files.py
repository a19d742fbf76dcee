"""A whole calendar as a file and back, under `/api/v1/calendar/events.ics`.

An export may be longer than an import, which a request has to wait for: reading takes half a millisecond an event, and
all of them are kept in one transaction. What is said of both tells to split a longer one.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from app.cache.keys import Kind
from app.calendar.file_lines import EVENTS_MAX
from app.domain.events import Event, begin, revise
from app.web.auth import principal_of
from app.web.cached import changing
from app.web.documents import Json, require_media_type
from app.web.layers import route
from app.web.limits import BODY_MAX
from app.web.operation import Operation, Resource
from app.web.state import State
from app.wire.events import ImportDocument, RefusedEvent

PATH: Final = "/api/v1/calendar/events.ics"
CALENDAR: Final = "text/calendar"
BATCH: Final = 200
"""Events that are read from the store at once, so that a slow reader holds neither a connection nor much memory."""
_IMPORTED: Final = f"{EVENTS_MAX} events or {BODY_MAX // 1024**2} MiB"


async def export_events(request: Request[State]) -> Response:
    """Answer all events as a calendar file."""
    from app.calendar.writing import write  # noqa: PLC0415 - the library costs a start a fifth of a second

    events, owner = request.state["events"], principal_of(request)

    async def batches() -> AsyncIterator[Sequence[Event]]:
        after, batch = None, [*await events.batch(owner, limit=BATCH, after=None)]
        while batch:
            yield batch
            after = batch[-1].id
            batch = [*await events.batch(owner, limit=BATCH, after=after)] if len(batch) == BATCH else []

    headers = {"Content-Disposition": 'attachment; filename="events.ics"'}
    return StreamingResponse(write(batches()), media_type=CALENDAR, headers=headers)


async def import_events(request: Request[State]) -> Response:
    """Keep the events of a calendar file: one whose name is known is changed, and what cannot be kept is told."""
    from app.calendar.reading import read  # noqa: PLC0415 - the library costs a start a fifth of a second

    require_media_type(request, CALENDAR)
    found = await asyncio.to_thread(read, await request.body())
    wanted = {one.uid: one.content for one in found if one.content}
    now, counts = request.state["now"](), dict.fromkeys(("added", "changed", "unchanged"), 0)

    def edit(uid: str, old: Event | None) -> Event | None:
        new = wanted[uid]
        if old is None:
            counts["added"] += 1
            return begin(new, now=now, uid=uid)
        if old.content == new:
            counts["unchanged"] += 1
            return None
        counts["changed"] += 1
        return revise(old, new, now=now)

    await request.state["events"].merge(principal_of(request), list(wanted), edit)
    refused = [
        RefusedEvent(position=one.position, uid=one.uid, reason=one.reason) for one in found if one.content is None
    ]
    return Json(ImportDocument(**counts, refused=refused))


RESOURCE: Final = Resource(
    routes=(route(PATH, GET=export_events, POST=changing(Kind.EVENTS, import_events)),),
    operations=(
        Operation(
            method="get",
            path=PATH,
            name="exportEvents",
            summary=f"All your events as an iCalendar file; split one with more than {_IMPORTED} to import it again",
            answer="CalendarFile",
            media_type=CALENDAR,
        ),
        Operation(
            method="post",
            path=PATH,
            name="importEvents",
            summary=f"Keep the events, at most {_IMPORTED}, of an iCalendar file; one whose UID is known is changed",
            answer="ImportDocument",
            body="CalendarFile",
            body_types=(CALENDAR,),
            problems=(409, 413, 415, 422),
        ),
    ),
    documents=(ImportDocument,),
    schemas={"CalendarFile": {"type": "string"}},
)
