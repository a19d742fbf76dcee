"""A language model that needs no model: it counts, repeats and calculates, so that an answer shows what it was told."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from typing import Any, Final, cast

from aiohttp import web

TROUBLE: Final = web.RequestKey("trouble", str)
"""Where a request says what is to happen to its answer: `cut` or `malformed`."""

_SUM: Final = re.compile(r"(-?\d{1,12})\s*([-+*])\s*(-?\d{1,12})")
_UNHARMED: Final = 3
"""Events that come before the trouble of a stream."""
_PIECE: Final = re.compile(r"\s*\S+")


class Refused(Exception):  # noqa: N818 - what the service does
    """A request that a service refuses; each has a form of its own to say so.

    Args:
        status: of the answer.
        message: why, in the service's words.
        param: the member at fault.
    """

    def __init__(self, status: int, message: str, param: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param


def demand(holds: bool, message: str, *, param: str = "", status: int = 400) -> None:  # noqa: FBT001 - what is demanded
    """Refuse a request unless something holds. Raises Refused."""
    if not holds:
        raise Refused(status, message, param)


async def read_document(request: web.Request, message: str) -> dict[str, Any]:
    """The JSON object in a body. Raises Refused with this message when there is none."""
    try:
        body: Any = await request.json()
    except ValueError:
        body = None
    demand(isinstance(body, dict), message)
    return body


def messages_of(body: Mapping[str, Any], message: str) -> list[dict[str, Any]]:
    """The messages in a request, which are objects. Raises Refused with this message when they are not."""
    found = body.get("messages")
    messages = cast("list[Any]", found) if isinstance(found, list) else []
    demand(bool(messages) and all(isinstance(one, dict) for one in messages), message, param="messages")
    return messages


def reply(said: Sequence[str]) -> str:
    """Answer a conversation, whose last text is a question.

    Args:
        said: every text, oldest first, of both sides.

    """
    last = said[-1]
    count = f"This is message {len(said)} of our talk"
    before = f", after {said[0]!r}" if len(said) > 1 else ""
    calculated = f" {found[0]} makes {_calculate(found)}." if (found := _SUM.search(last)) else ""
    return f"{count}{before}.{calculated} You said: {last}"


def pieces(text: str, most: int) -> tuple[list[str], bool]:
    """Cut a text into words, at most so many, each a token; and whether that is all of it."""
    words = _PIECE.findall(text)
    return words[:most], len(words) <= most


async def send_events(request: web.Request, events: Iterable[bytes]) -> web.StreamResponse:
    """Send events, or some of them when the request is in trouble."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
    await response.prepare(request)
    async for event in _troubled(request, events):
        await response.write(event)
    return response


def send_document(request: web.Request, document: Mapping[str, Any]) -> web.Response:
    """Send an answer as one document, or half of it when the request is in trouble."""
    text = json.dumps(document)
    if request.get(TROUBLE) == "cut":
        cut(request)
    if request.get(TROUBLE) == "malformed":
        text = text[: len(text) // 2]
    return web.Response(text=text, content_type="application/json")


async def _troubled(request: web.Request, events: Iterable[bytes]) -> AsyncGenerator[bytes]:
    trouble = request.get(TROUBLE)
    for number, event in enumerate(events):
        if number == _UNHARMED and trouble == "malformed":
            yield b'event: content_block_delta\ndata: {"choices": [\n\n'
            return
        if number == _UNHARMED and trouble == "cut":
            cut(request)
            return
        yield event
        await asyncio.sleep(0)  # each event its own write


def cut(request: web.Request) -> None:
    """End the connection at once."""
    if request.transport is not None:
        request.transport.close()


def _calculate(found: re.Match[str]) -> int:
    one, other = int(found[1]), int(found[3])
    return {"+": one + other, "-": one - other, "*": one * other}[found[2]]
