import asyncio
import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from tests.load import raw
from tests.load.driver import Load, drive
from tests.load.mix import MIX, Request, requests_of
from tests.rig.serving import serving

WITHIN_S = 20
QUICK = Load(users=20, seconds=0.5)


@asynccontextmanager
async def served(app: Any) -> AsyncGenerator[str]:
    """Serve an application; gives its address."""
    config = uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=1)
    async with serving(uvicorn.Server(config)) as port:
        yield f"http://127.0.0.1:{port}"


async def failing(scope: Any, receive: Any, send: Any) -> None:
    """Answer 500 to every second request, in chunks and with the connection closed."""
    if scope["type"] == "lifespan":
        await raw.app(scope, receive, send)
        return
    status = 500 if next(_COUNT) % 2 else 200
    await send({"type": "http.response.start", "status": status, "headers": [(b"connection", b"close")]})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    await send({"type": "http.response.body", "body": b" and half"})


_COUNT = itertools.count()


async def test_every_answer_is_counted_by_its_kind_and_each_user_has_an_address() -> None:
    peers: set[str] = set()

    async def noting(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            peers.add(scope["client"][0])
        await raw.app(scope, receive, send)

    async with served(noting) as url:
        outcome = await drive(url, requests_of(["one", "two"]), QUICK)
    assert outcome.errors == 0
    assert outcome.statuses == {200: outcome.count}
    assert outcome.count == sum(len(seconds) for seconds in outcome.latencies.values()) > QUICK.users
    assert {*outcome.latencies} == {kind.name for kind in MIX}
    assert 0 < outcome.percentile(0.5) <= outcome.percentile(0.95) < WITHIN_S
    assert len(peers) == QUICK.users


async def test_a_failure_is_an_error_and_a_closed_connection_is_opened_anew() -> None:
    async with served(failing) as url:
        outcome = await drive(url, requests_of(["one"]), QUICK)
    assert outcome.count > QUICK.users
    assert not outcome.failures
    assert outcome.errors == outcome.statuses[500] > 0
    assert abs(outcome.statuses[200] - outcome.statuses[500]) <= 1


async def test_a_server_that_is_not_there_or_hangs_up_is_told_by_its_reason() -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    hung_up = await drive(url, itertools.repeat(Request("one", b"GET / HTTP/1.1\r\n\r\n")), Load(users=1, seconds=0.2))
    server.close()
    await server.wait_closed()
    refused = await drive(url, requests_of(["one"]), Load(users=1, seconds=0.2))
    assert hung_up.errors == hung_up.failures.total() > 0
    assert refused.errors == refused.failures.total() > 0
    assert (hung_up.count, refused.count) == (0, 0)


async def test_a_person_who_thinks_asks_less() -> None:
    think = 0.05
    async with served(raw.app) as url:
        outcome = await drive(url, requests_of(["one"]), Load(users=4, seconds=1.0, think=think))
    assert 4 <= outcome.count <= 4 * 1.0 / (think * 0.5) + 4
