"""Routes for talks with a language model, under `/api/v1/chat`."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from app.domain.chat import Exchange, Piece
from app.domain.errors import ProductError, Unavailable
from app.web.auth import principal_of
from app.web.documents import Json, read_object
from app.web.events import EventStream, event, wants_events, while_connected
from app.web.layers import route
from app.web.operation import CURSOR, JSON, LIMIT, Operation, Resource
from app.web.problems import problem_response
from app.web.requests import page_limit
from app.web.state import ApiState
from app.wire.chat import (
    ChatAnswerDocument,
    ChatDelta,
    ChatDone,
    ChatMessageDocument,
    ChatPageDocument,
    NewChatMessage,
)
from app.wire.documents import after_cursor, fit

ASK_PATH: Final = "/api/v1/chat/message"
PATH: Final = "/api/v1/chat/messages"

_Said = AsyncGenerator[Piece | Exchange]


async def ask(request: Request[ApiState]) -> Response:
    """Answer a question: in one piece, or as events when the caller asks for those.

    Until the first piece is there, what goes wrong is a problem document; the status is not sent yet.
    """
    question = fit(await read_object(request, JSON), NewChatMessage)
    streamed = wants_events(request)
    said = request.state["chat"].ask(principal_of(request), question.message, streamed=streamed)
    if not streamed:
        return Json(ChatAnswerDocument.of(await while_connected(request, _last(said))))
    first = await while_connected(request, _first(said))
    return EventStream(_events(request, first, said))


async def list_messages(request: Request[ApiState]) -> Response:
    """Answer a page of what was said."""
    page = await request.state["chat"].store.page(
        principal_of(request), limit=page_limit(request), after=after_cursor(request.query_params.get("cursor"))
    )
    return Json(ChatPageDocument.of(page))


async def forget_messages(request: Request[ApiState]) -> Response:
    """Delete everything that was said."""
    await request.state["chat"].store.forget(principal_of(request))
    return Response(status_code=204)


async def _first(said: _Said) -> Piece | Exchange:
    return await anext(said)


async def _last(said: _Said) -> Exchange:
    async with aclosing(said):
        async for one in said:
            if isinstance(one, Exchange):
                return one
    raise Unavailable("the answer has no end")


async def _events(request: Request[ApiState], first: Piece | Exchange, said: _Said) -> AsyncGenerator[bytes]:
    async with aclosing(said):
        try:
            one: Piece | Exchange | None = first
            while one is not None:
                if isinstance(one, Piece):
                    yield event("delta", ChatDelta(text=one.text))
                else:
                    if one.answer.partial:
                        yield _error(request, Unavailable("the model stopped"))
                    yield event("done", ChatDone.of(one))
                one = await anext(said, None)
        except ProductError as error:  # what was said could not be kept
            yield _error(request, error)


def _error(request: Request[ApiState], error: ProductError) -> bytes:
    return event("error", msgspec.Raw(bytes(problem_response(request, error).body)))


RESOURCE: Final = Resource(
    routes=(route(ASK_PATH, POST=ask), route(PATH, GET=list_messages, DELETE=forget_messages)),
    operations=(
        Operation(
            method="post",
            path=ASK_PATH,
            name="askChat",
            costly=True,
            summary="Ask the language model; with `Accept: text/event-stream` the answer comes piece by piece",
            answer="ChatAnswerDocument",
            body="NewChatMessage",
            events="ChatEvents",
            problems=(413, 415, 422),
        ),
        Operation(
            method="get",
            path=PATH,
            name="listChatMessages",
            summary="What you and the model said, newest first",
            answer="ChatPageDocument",
            parameters=(LIMIT, CURSOR),
            problems=(422,),
        ),
        Operation(
            method="delete", path=PATH, name="forgetChatMessages", summary="Forget everything that was said", status=204
        ),
    ),
    documents=(NewChatMessage, ChatAnswerDocument, ChatMessageDocument, ChatPageDocument, ChatDelta, ChatDone),
    schemas={
        "ChatEvents": {
            "type": "string",
            "description": (
                "Events `delta` with a ChatDelta each, at last `done` with a ChatDone. When the answer is cut off, "
                "`error` with a Problem comes before `done`, which then says `partial`; when it could not be kept, "
                "`error` is the last event."
            ),
        }
    },
)
