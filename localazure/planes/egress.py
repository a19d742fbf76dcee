"""The only way out of a container: a CONNECT proxy that knows a few hosts, all played here, and refuses all others."""

import asyncio
import contextlib
import fnmatch
import logging
from collections.abc import Mapping
from typing import Final

from localazure.errors import StateError
from localazure.planes.listener import HOST
from localazure.planes.pipe import Stream, close, pipe

_CONNECT_SECONDS: Final = 10
_HEADER_BYTES: Final = 16384
_HEADER_SECONDS: Final = 10
_HTTPS: Final = "443"
_log = logging.getLogger(__name__)


class EgressProxy:
    """Tunnels HTTPS to the embedded Azure; nothing leaves the machine.

    Args:
        routes: From a host name, in which `*` stands for any text, to the port of 127.0.0.1 that plays it.

    """

    def __init__(self, routes: Mapping[str, int]) -> None:
        self._routes = {pattern.lower(): port for pattern, port in routes.items()}
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()

    async def start(self, port: int = 0) -> str:
        """Listen, and give the value of `HTTPS_PROXY` and `HTTP_PROXY`.

        Raises:
            StateError: The port is taken.

        """
        try:
            self._server = await asyncio.start_server(self._accept, HOST, port, limit=_HEADER_BYTES)
        except OSError as error:
            raise StateError(
                f"egress proxy: cannot listen on {HOST}:{port} ({error.strerror}); stop the program that has the port"
            ) from error
        return f"http://{HOST}:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Stop listening and end every tunnel."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for session in self._sessions:
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Own tasks instead of a coroutine callback: asyncio reports the cancellation of its own as an error.
        session = asyncio.create_task(self._serve((reader, writer)))
        self._sessions.add(session)
        session.add_done_callback(self._sessions.discard)

    async def _serve(self, client: Stream) -> None:
        reader, writer = client
        try:
            async with asyncio.timeout(_HEADER_SECONDS):
                header = await reader.readuntil(b"\r\n\r\n")
            if (upstream := await self._connect(header, writer)) is not None:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await pipe(client, upstream)
        except TimeoutError:
            writer.write(_response("408 Request Timeout", f"no request in {_HEADER_SECONDS} s"))
        except asyncio.LimitOverrunError:
            text = f"the request header is longer than {_HEADER_BYTES} bytes"
            writer.write(_response("431 Request Header Fields Too Large", text))
        except (EOFError, OSError) as error:
            _log.debug("egress proxy: a client went away: %r", error)
        finally:
            await close(writer)

    async def _connect(self, header: bytes, writer: asyncio.StreamWriter) -> Stream | None:
        method, _, rest = header.partition(b"\r\n")[0].decode("latin-1").partition(" ")
        target = rest.partition(" ")[0]
        if method != "CONNECT":
            text = f"the embedded Azure does not let plain HTTP out: {target}"
            writer.write(_response("403 Forbidden", text))
            return None
        host, _, port = target.rpartition(":")
        local = self._local_port(host)
        if local is None or port != _HTTPS:
            text = f"the embedded Azure does not let traffic out: {host}"
            writer.write(_response("502 Bad Gateway", text))
            return None
        with contextlib.suppress(OSError):
            async with asyncio.timeout(_CONNECT_SECONDS):
                return await asyncio.open_connection(HOST, local)
        writer.write(_response("502 Bad Gateway", f"the embedded {host} does not answer on port {local}"))
        return None

    def _local_port(self, host: str) -> int | None:
        matches = (port for name, port in self._routes.items() if fnmatch.fnmatchcase(host.lower(), name))
        return next(matches, None)


def _response(status: str, text: str) -> bytes:
    body = f"{text}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + body
