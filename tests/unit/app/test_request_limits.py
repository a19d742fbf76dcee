"""What a request may be and take; the bytes before a request is one are `test_http_server.py`'s."""

import asyncio
import gzip
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.documents import DEPTH_MAX
from app.web.head_limit import FIELD_BYTES_MAX, FIELDS_MAX, PARAMETERS_MAX, QUERY_BYTES_MAX
from app.web.limits import BodyLimit
from app.web.time_limit import TimeLimit
from tests.unit.app.memory import Api

TASKS = "/api/v1/tasks"
JSON = {"Content-Type": "application/json"}


def nested(levels: int) -> bytes:
    return b'{"title":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


BODIES = {
    "deep": (nested(DEPTH_MAX + 1), 400),
    "very deep": (b'{"title":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
    "not too deep": (nested(DEPTH_MAX), 422),
    "the same name twice": (b'{"title":"a","title":"b"}', 400),
    "the same name twice, inside": (b'{"title":{"a":1,"a":1}}', 400),
    "the same name twice, spelled otherwise": (b'{"title":"a","t\\u0069tle":"b"}', 400),
    "infinity": (b'{"title":Infinity}', 400),
    "a number out of range": (b'{"title":1e999}', 422),
    "a number of many digits": (b'{"title":' + b"9" * 100_000 + b"}", 422),
    "byte order mark": (b'\xef\xbb\xbf{"title":"t"}', 400),
    "UTF-16": ('{"title":"t"}'.encode("utf-16"), 400),
    "overlong UTF-8": (b'{"title":"\xc0\xaf"}', 400),
}


@pytest.mark.parametrize(("body", "status"), BODIES.values(), ids=BODIES)
def test_a12_a_body_that_two_readers_could_read_differently_is_refused(body: bytes, status: int) -> None:
    with Api().client("ada") as client:
        answer = client.post(TASKS, content=body, headers=JSON)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "gzip, identity", "GZIP"])
def test_a12_a_compressed_body_is_refused(encoding: str) -> None:
    bomb = gzip.compress(b'{"title":"' + b"x" * 10_000_000 + b'"}')
    with Api().client("ada") as client:
        answer = client.post(TASKS, content=bomb, headers={**JSON, "Content-Encoding": encoding})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "headers",
    [
        [("X-Long", "x" * (FIELD_BYTES_MAX + 1))],
        [(f"X-{number}", "x" * 1000) for number in range(FIELD_BYTES_MAX // 1000 + 1)],
        [("X-Many", "x")] * (FIELDS_MAX + 1),
    ],
    ids=["long", "long together", "many"],
)
def test_a12_a_head_of_too_much_is_refused(headers: list[tuple[str, str]]) -> None:
    with Api().client() as client:
        answer = client.get("/health", headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (431, "/docs#problem-header-fields-too-large")


@pytest.mark.parametrize("query", ["a=1&" * 10_000, "&" * PARAMETERS_MAX, "a=" + "x" * QUERY_BYTES_MAX])
def test_a12_a_query_of_too_much_is_refused(query: str) -> None:
    with Api().client("ada") as client:
        assert client.get(f"{TASKS}?{query}").status_code == 400


async def answered(app: ASGIApp, receive: Receive) -> list[Message]:
    """Ask with a body that comes as the test says."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "app.request_id": "0" * 32}
    async with asyncio.timeout(10):
        await app(scope, receive, send)
    return sent


async def test_a12_a_body_that_does_not_come_is_given_up() -> None:
    async def drip() -> Message:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Request[Any](scope, receive, send).body()

    with pytest.raises(HTTPException) as error:
        await answered(BodyLimit(app, body_s=0.1), drip)
    assert (error.value.status_code, error.value.headers) == (408, {"Connection": "close"})


async def test_who_has_sent_all_may_wait_for_the_end_of_a_stream() -> None:
    messages: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def quiet() -> Message:
        if messages:
            return messages.pop()
        await asyncio.sleep(0.3)
        return {"type": "http.disconnect"}

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    assert await answered(BodyLimit(app, body_s=0.1), quiet) == []


async def never() -> Message:
    await asyncio.Event().wait()
    return {}


async def test_a_request_that_is_not_answered_in_time_is_ended_with_a_problem() -> None:
    ended = asyncio.Event()

    async def hang(_scope: Scope, _receive: Receive, _send: Send) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    start, body = await answered(TimeLimit(hang, request_s=0.05), never)
    assert (start["status"], json.loads(body["body"])["type"]) == (503, "/docs#problem-unavailable")
    assert ended.is_set()


async def test_an_answer_that_has_begun_may_go_on() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def slowly() -> AsyncGenerator[bytes]:
            for _ in range(4):
                await asyncio.sleep(0.05)
                yield b"."

        response: Response = StreamingResponse(slowly())
        await response(scope, receive, send)

    sent = await answered(TimeLimit(app, request_s=0.1), never)
    assert b"".join(message.get("body", b"") for message in sent) == b"...."


async def test_a_timeout_of_something_else_is_not_the_requests() -> None:
    async def fail(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise TimeoutError("of the handler")

    with pytest.raises(TimeoutError, match="of the handler"):
        await answered(TimeLimit(fail, request_s=5), never)
