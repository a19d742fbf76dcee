"""A server of uvicorn in the process of a test."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import uvicorn

WITHIN_S: Final = 60


@asynccontextmanager
async def serving(server: uvicorn.Server) -> AsyncGenerator[int]:
    """Serve until the block is over, or the test has told the server to end; gives its port on 127.0.0.1."""
    # `serve` would take the signals of the tests.
    running = asyncio.create_task(server._serve())  # pyright: ignore[reportPrivateUsage]
    try:
        async with asyncio.timeout(WITHIN_S):
            while not server.started:
                assert not running.done(), "the server did not start; its log says why"
                await asyncio.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await asyncio.wait_for(running, WITHIN_S)
