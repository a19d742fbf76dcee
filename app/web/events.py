"""Server-sent events (WHATWG HTML, section 9.2), and work that ends when its caller leaves."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any, Final, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse
from starlette.types import Send

EVENT_STREAM: Final = "text/event-stream"

_T = TypeVar("_T")
_ENCODER: Final = msgspec.json.Encoder()


def wants_events(request: Request[Any]) -> bool:
    """Whether the caller asks for events: `Accept` names their media type, and not with weight 0."""
    for wanted in ",".join(request.headers.getlist("accept")).split(","):
        media_type, *parameters = (part.strip().lower() for part in wanted.split(";"))
        if media_type == EVENT_STREAM:
            return not any(one.startswith("q=0") and not one.strip("q=0.") for one in parameters)
    return False


def event(name: str, data: Any) -> bytes:
    """Render an event; JSON has no line break in it."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), _ENCODER.encode(data))


class EventStream(StreamingResponse):
    """Sends events as they come, and closes what they come from when the caller leaves."""

    def __init__(self, events: AsyncGenerator[bytes]) -> None:
        # Nginx and what is like it would keep pieces back.
        super().__init__(events, media_type=EVENT_STREAM, headers={"X-Accel-Buffering": "no"})
        self._events = events

    async def stream_response(self, send: Send) -> None:
        """Send the events."""
        async with aclosing(self._events):
            await super().stream_response(send)


async def while_connected(request: Request[Any], work: Coroutine[Any, Any, _T]) -> _T:
    """Do the work of a request whose body is read; cancel it when the caller leaves.

    Raises:
        ClientDisconnect: The caller left.
    """
    doing = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_disconnect(request))
    try:
        await asyncio.wait((doing, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise ClientDisconnect
        return await doing
    finally:
        doing.cancel()
        leaving.cancel()
        await asyncio.gather(doing, leaving, return_exceptions=True)


async def _disconnect(request: Request[Any]) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
