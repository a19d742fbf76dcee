"""Trouble on the network, on demand: a TCP proxy in front of a real server.

It runs in the test's own event loop, passes bytes on as they are (TLS too), and can be switched at any moment, for the
connections that there are as well as for new ones.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

HOST: Final = "127.0.0.1"
_CHUNK_BYTES: Final = 65536
_RESET: Final = struct.pack("ii", 1, 0)
"""`SO_LINGER` on, for no time: closing sends RST instead of FIN."""


class TcpProxy:
    """Listens on `port` of 127.0.0.1 and passes connections on to a server.

    Each switch ends the trouble before it; `mend` ends it for good.
    """

    def __init__(self, host: str, port: int) -> None:
        self._server = host, port
        self._listener: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._delay_s = 0.0
        self._left: int | None = None
        self._resets = False
        self.port = 0
        self.accepted = 0
        """Connections taken so far."""

    @classmethod
    @asynccontextmanager
    async def open(cls, host: str, port: int) -> AsyncGenerator["TcpProxy"]:
        """Open a proxy that passes everything on."""
        proxy = cls(host, port)
        await proxy.mend()
        try:
            yield proxy
        finally:
            await proxy.refuse()

    async def mend(self) -> None:
        """Pass everything on; what has been held back flows again."""
        self._delay_s, self._left, self._resets = 0.0, None, False
        self._flowing.set()
        if self._listener is None:
            self._listener = await asyncio.start_server(self._accept, HOST, self.port)
            self.port = int(self._listener.sockets[0].getsockname()[1])

    async def refuse(self) -> None:
        """Be gone: running connections are reset, new ones refused."""
        await self.mend()
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        await self._drop()

    async def reset(self) -> None:
        """Reset running connections, and each new one as soon as it is there."""
        await self.mend()
        self._resets = True
        await self._drop()

    async def hang(self) -> None:
        """Take connections and bytes, and pass nothing on."""
        await self.mend()
        self._flowing.clear()

    async def delay(self, seconds: float) -> None:
        """Pass each chunk on after so many seconds, both ways."""
        await self.mend()
        self._delay_s = seconds

    async def cut(self, after_bytes: int) -> None:
        """Pass on so many bytes of the server's in all, then end each connection; what was passed on arrives."""
        await self.mend()
        self._left = after_bytes

    async def _drop(self) -> None:
        for writer in self._writers:
            _abort(writer)
        for session in self._sessions:
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self._resets:
            _abort(writer)
            return
        session = asyncio.create_task(self._serve(reader, writer))
        self._sessions.add(session)
        session.add_done_callback(self._sessions.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        outward: asyncio.StreamWriter | None = None
        try:
            inward, outward = await asyncio.open_connection(*self._server)
            self._writers.add(outward)
            directions = (
                asyncio.create_task(self._pass_on(reader, outward, answers=False)),
                asyncio.create_task(self._pass_on(inward, writer, answers=True)),
            )
            try:
                await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for direction in directions:
                    direction.cancel()
                await asyncio.gather(*directions, return_exceptions=True)
        except OSError:
            _abort(writer)
        finally:
            for end in (writer, outward):
                if end is not None:
                    self._writers.discard(end)
                    end.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(_CHUNK_BYTES):
                await self._flowing.wait()
                if self._delay_s:
                    await asyncio.sleep(self._delay_s)
                if answers and self._left is not None:
                    chunk = chunk[: self._left]
                    self._left -= len(chunk)
                writer.write(chunk)
                await writer.drain()
                if answers and self._left == 0:
                    return


def _abort(writer: asyncio.StreamWriter) -> None:
    """Close with RST."""
    peer = writer.get_extra_info("socket")
    if peer is not None and not writer.is_closing():
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
