"""Two connections made one."""

import asyncio
import contextlib
from typing import Final, Protocol


class Readable(Protocol):
    """What bytes are read from; nothing is the end."""

    async def read(self, n: int = -1, /) -> bytes:
        """Give at most so many bytes."""
        ...


Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_CHUNK_BYTES: Final = 65536
_CLOSE_SECONDS: Final = 5.0


async def pipe(one: tuple[Readable, asyncio.StreamWriter], other: Stream) -> None:
    """Copy both ways until either side ends, then close both; a peer that reads slowly slows its sender."""
    copies = {
        asyncio.create_task(_copy(one[0], other[1])),
        asyncio.create_task(_copy(other[0], one[1])),
    }
    try:
        await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for copy in copies:
            copy.cancel()
        # Both are told to close before the first wait: a cancelled pipe leaves none open.
        one[1].close()
        other[1].close()
        await asyncio.gather(*copies, return_exceptions=True)
        await close(one[1])
        await close(other[1])


async def close(writer: asyncio.StreamWriter) -> None:
    """Flush and close, for at most five seconds; a peer that is gone is no error."""
    writer.close()
    try:
        with contextlib.suppress(OSError):
            await asyncio.wait_for(writer.wait_closed(), _CLOSE_SECONDS)
    except TimeoutError:
        writer.transport.abort()


async def _copy(reader: Readable, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
