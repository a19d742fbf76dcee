"""The server's protocol under hostile bytes, on a real socket."""

import asyncio
import contextlib
import gc
import json
from collections.abc import AsyncGenerator
from typing import Final

import psutil
import pytest
import pytest_asyncio
import uvicorn

from app.__main__ import SERVER
from app.server.bounded_http import HEAD_MAX, BoundedHttp
from app.web.headers import SECURITY_HEADERS
from app.web.limits import BODY_MAX
from tests.rig.serving import serving
from tests.unit.app.memory import Api

WITHIN_S: Final = 20
HOST: Final = "127.0.0.1"


class Impatient(BoundedHttp):
    head_s = 0.3


@pytest_asyncio.fixture
async def port() -> AsyncGenerator[int]:
    """Serve the API over ports in memory as `app.__main__` does, but for how long a head may take."""
    config = uvicorn.Config(Api().create(), host=HOST, port=0, http=Impatient, **SERVER)
    async with serving(uvicorn.Server(config)) as port:
        yield port


Answer = tuple[int, dict[str, str], bytes]


async def cut_off(port: int, *parts: bytes, statuses: tuple[int, ...]) -> None:
    """Send bytes that the server does not read to the end: it answers, and may reset before the answer is read."""
    with contextlib.suppress(ConnectionError):
        expect_problem(await said(port, *parts), *statuses)


async def said(port: int, *parts: bytes, pause: float = 0) -> Answer:
    """Send bytes, then read what comes until the end of the connection."""
    async with asyncio.timeout(WITHIN_S):
        reader, writer = await asyncio.open_connection(HOST, port)
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
        except ConnectionError:
            pass  # it has heard enough; its answer is there to read
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
    lines = head.decode().split("\r\n")
    return int(lines[0].split()[1]), dict(line.lower().split(": ", 1) for line in lines[1:]), body


def post(*headers: str) -> bytes:
    lines = ["POST /api/v1/tasks HTTP/1.1", "Host: x", "Authorization: Bearer ada", "Content-Type: application/json"]
    return "\r\n".join([*lines, "Connection: close", *headers, "", ""]).encode()


def expect_problem(answer: Answer, *statuses: int) -> None:
    status, headers, body = answer
    problem = json.loads(body)
    assert status in statuses
    assert (problem["status"], headers["content-type"]) == (status, "application/problem+json")
    assert problem["instance"] == headers["x-request-id"]
    assert {name.lower() for name in SECURITY_HEADERS} <= set(headers)


async def test_a12_a_head_of_64_kib_is_refused(port: int) -> None:
    field = f"X-Long: {'x' * (HEAD_MAX - 200)}".encode()
    expect_problem(await said(port, b"GET /health HTTP/1.1\r\nConnection: close\r\n", field, b"\r\n\r\n"), 431)


async def test_a12_an_endless_head_is_cut_off_and_memory_stays_flat(port: int) -> None:
    process = psutil.Process()
    gc.collect()
    before = process.memory_info().rss
    for chunk in (b"x" * 65536, b"X: y\r\n" * 10_000):
        await cut_off(port, b"GET /health HTTP/1.1\r\nX-Long: ", *[chunk] * 400, statuses=(400, 431))
    gc.collect()
    assert process.memory_info().rss - before < 20_000_000


async def test_a12_a_head_that_does_not_come_is_given_up(port: int) -> None:
    expect_problem(await said(port, b"GET /health HTTP/1.1\r\nHost:"), 408)


@pytest.mark.parametrize(
    "body",
    [b"5\r\nabcdefgh\r\n0\r\n\r\n", b"zz\r\n{}\r\n0\r\n\r\n", b"-1\r\n{}\r\n", b"ffffffffffffffffff\r\n{}"],
    ids=["longer than said", "not a length", "negative", "too large a length"],
)
async def test_a12_a_chunk_that_lies_is_refused(port: int, body: bytes) -> None:
    expect_problem(await said(port, post("Transfer-Encoding: chunked"), body), 400)


async def test_a12_a_length_and_chunks_at_once_are_refused(port: int) -> None:
    answer = await said(port, post("Transfer-Encoding: chunked", "Content-Length: 2"), b"{}")
    expect_problem(answer, 400)


async def test_a12_an_endless_body_is_cut_off_and_memory_stays_flat(port: int) -> None:
    process = psutil.Process()
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    gc.collect()
    before = process.memory_info().rss
    for _ in range(3):
        parts = [chunk] * (20 * BODY_MAX // 65536)
        await cut_off(port, post("Transfer-Encoding: chunked"), *parts, statuses=(413,))
    gc.collect()
    assert process.memory_info().rss - before < 20_000_000


async def test_what_is_no_http_is_refused_with_a_problem(port: int) -> None:
    expect_problem(await said(port, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"), 400)


async def test_a_good_request_is_served_and_the_next_on_its_connection_too(port: int) -> None:
    once = b"GET /health HTTP/1.1\r\nHost: x\r\n"
    answer = await said(port, once + b"\r\n", once + b"Connection: close\r\n\r\n", pause=0.4)
    assert answer[0] == 200
    assert answer[2].count(b'{"status":"ok"}') == 2
