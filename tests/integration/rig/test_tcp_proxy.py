"""The rig itself: each kind of trouble is the one that it says, for old connections and for new ones."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from tests.rig.tcp_proxy import TcpProxy

WITHIN_S = 10
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@pytest_asyncio.fixture
async def proxy() -> AsyncGenerator[TcpProxy]:
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server, TcpProxy.open("127.0.0.1", server.sockets[0].getsockname()[1]) as opened:
        yield opened


@asynccontextmanager
async def connected(proxy: TcpProxy) -> AsyncGenerator[Stream]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def ask(stream: Stream, line: bytes = b"hello\n") -> bytes:
    stream[1].write(line)
    return await asyncio.wait_for(stream[0].readline(), WITHIN_S)


async def test_a_proxy_passes_bytes_on(proxy: TcpProxy) -> None:
    async with connected(proxy) as stream:
        assert await ask(stream) == b"hello\n"
    assert proxy.accepted == 1


async def test_a_refusing_proxy_resets_what_runs_takes_nothing_new_and_comes_back_on_its_port(proxy: TcpProxy) -> None:
    async with connected(proxy) as stream:
        await ask(stream)
        await proxy.refuse()
        with pytest.raises(ConnectionResetError):
            await ask(stream)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", proxy.port)
    await proxy.mend()
    async with connected(proxy) as stream:
        assert await ask(stream) == b"hello\n"


async def test_a_resetting_proxy_resets_what_runs_and_what_is_new(proxy: TcpProxy) -> None:
    async with connected(proxy) as stream:
        await ask(stream)
        await proxy.reset()
        with pytest.raises(ConnectionResetError):
            await ask(stream)
    with pytest.raises(ConnectionResetError):
        async with connected(proxy) as stream:
            await ask(stream)


async def test_a_hanging_proxy_answers_nothing_until_it_is_mended(proxy: TcpProxy) -> None:
    async with connected(proxy) as stream:
        await proxy.hang()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ask(stream), 0.1)
        await proxy.mend()
        assert await asyncio.wait_for(stream[0].readline(), WITHIN_S) == b"hello\n"


async def test_a_delaying_proxy_takes_its_time_both_ways(proxy: TcpProxy) -> None:
    await proxy.delay(0.05)
    async with connected(proxy) as stream:
        started = time.monotonic()
        assert await ask(stream) == b"hello\n"
    assert time.monotonic() - started >= 0.1


async def test_a_cutting_proxy_passes_so_many_bytes_of_an_answer_then_ends_it(proxy: TcpProxy) -> None:
    await proxy.cut(3)
    async with connected(proxy) as stream:
        assert await ask(stream) == b"hel"
        assert stream[0].at_eof()
