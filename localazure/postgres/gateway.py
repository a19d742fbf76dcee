"""The front door of a Flexible Server: TLS, an Entra token for a password, then straight through to PostgreSQL."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Final

import jwt

from localazure.errors import StateError
from localazure.planes.pipe import Stream, close, pipe
from localazure.planes.tokens import TokenSigner
from localazure.postgres import protocol
from localazure.postgres.connection import NOT_YET, PORT
from localazure.postgres.protocol import ProtocolViolationError
from localazure.postgres.roles import Principal

RESOURCE: Final = "https://ossrdbms-aad.database.windows.net"
"""The audience of a token for PostgreSQL."""

_HOST: Final = "127.0.0.1"
_OPENING_SECONDS: Final = 30
_BACKLOG: Final = 128
_LENGTH_BYTES: Final = 4
_log = logging.getLogger(__name__)

Receive = Callable[[int], Awaitable[bytes]]
"""Gives exactly so many bytes."""


class RefusedError(Exception):
    """The session is refused, with an SQLSTATE and the text that Azure gives."""

    def __init__(self, sqlstate: str, text: str) -> None:
        super().__init__(text)
        self.response = protocol.fatal(sqlstate, text)


class Gateway:
    """Listens for one server.

    Args:
        sockets: The folder of the server's private socket, which trusts whoever opens it.
        context: The TLS side.
        tokens: Verifies tokens.
        principal_of: Looks up the Entra object of a role.

    """

    def __init__(
        self,
        sockets: Path,
        context: ssl.SSLContext,
        tokens: TokenSigner,
        principal_of: Callable[[str], Awaitable[Principal | None]],
    ) -> None:
        self._backend = str(sockets / f".s.PGSQL.{PORT}")
        self._context = context
        self._listener: socket.socket | None = None
        self._principal_of = principal_of
        self._tasks: set[asyncio.Task[None]] = set()
        self._tokens = tokens

    async def start(self, port: int) -> int:
        """Listen on a port of 127.0.0.1, zero for any free one, and give its number.

        Raises:
            StateError: The port is taken.

        """
        try:
            listener = socket.create_server((_HOST, port), backlog=_BACKLOG)
        except OSError as error:
            raise StateError(
                f"PostgreSQL gateway: cannot listen on {_HOST}:{port} ({error.strerror}); "
                "stop the program that has the port"
            ) from error
        listener.setblocking(False)  # noqa: FBT003  # the standard library's signature
        self._listener = listener
        self._keep(self._accept(listener))
        return int(listener.getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and end every session."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("PostgreSQL gateway: a session failed", exc_info=error)

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            raw, _ = await asyncio.get_running_loop().sock_accept(listener)
            self._keep(self._serve(raw))

    async def _serve(self, raw: socket.socket) -> None:
        # The bytes before TLS are read from the bare socket, never more than asked for: a reader's buffer would
        # let an attacker put text before the encrypted session (CVE-2021-23222).
        client: Stream | None = None
        try:
            async with asyncio.timeout(_OPENING_SECONDS):
                if not await self._asks_for_tls(raw):
                    return
                client = await _encrypt(raw, self._context)
                backend = await self._admit(*client)
            if backend is not None:
                await pipe(client, backend)
        except (EOFError, OSError, ProtocolViolationError) as error:
            _log.debug("PostgreSQL gateway: a client was turned away: %r", error)
        finally:
            if client is None:
                raw.close()
            else:
                await close(client[1])

    async def _asks_for_tls(self, raw: socket.socket) -> bool:
        loop = asyncio.get_running_loop()
        message = await _opening(lambda count: _receive(raw, count))
        if _code(message) == protocol.GSSENC_REQUEST:
            await loop.sock_sendall(raw, b"N")
            message = await _opening(lambda count: _receive(raw, count))
        if _code(message) == protocol.SSL_REQUEST:
            await loop.sock_sendall(raw, b"S")
            return True
        if _code(message) == protocol.CANCEL_REQUEST:
            await self._cancel(message)
            return False
        startup = protocol.parse_startup(message)
        who = f'user "{startup.role}", database "{startup.database}"'
        text = f'no pg_hba.conf entry for host "{_HOST}", {who}, no encryption'
        await loop.sock_sendall(raw, protocol.fatal("28000", text))
        return False

    async def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Stream | None:
        message = await _opening(reader.readexactly)
        if _code(message) == protocol.CANCEL_REQUEST:
            await self._cancel(message)
            return None
        try:
            startup = protocol.parse_startup(message)
            writer.write(protocol.ASK_CLEARTEXT_PASSWORD)
            await self._authenticate(startup.role, await _password(reader))
            backend = await asyncio.open_unix_connection(self._backend)
        except RefusedError as refused:
            writer.write(refused.response)
        except ProtocolViolationError as violation:
            writer.write(protocol.fatal("08P01", str(violation)))
        except NOT_YET:
            writer.write(protocol.fatal("57P03", "the database system is starting up"))
        else:
            backend[1].write(startup.message)
            return backend
        return None

    async def _authenticate(self, role: str, token: str) -> None:
        try:
            claims = self._tokens.verify(token, audience=RESOURCE)
        except jwt.InvalidAudienceError:
            # https://github.com/microsoft/azuredatastudio-postgresql/issues/505
            raise RefusedError(
                "28000",
                "The access token does not have a valid audience claim. "
                f'Please acquire a new token for the resource "{RESOURCE}".',
            ) from None
        except jwt.InvalidTokenError:
            # https://github.com/cyrilgdn/terraform-provider-postgresql/issues/60
            raise RefusedError(
                "28000",
                "An error occurred while validating the access token. Please acquire a new token and retry",
            ) from None
        principal = await self._principal_of(role)
        if principal is not None and principal.kind == "user":
            # Only managed identities have tokens here. The text: the container-apps Java tutorial for PostgreSQL.
            raise RefusedError(
                "28000",
                f'Microsoft Entra user token for role "{role}" is neither an AAD_AUTH_TOKENTYPE_APP_USER '
                "or an AAD_AUTH_TOKENTYPE_APP_OBO token.",
            )
        if principal is None or principal.object_id.lower() != claims.object_id.lower():
            raise RefusedError("28P01", f'password authentication failed for user "{role}"')

    async def _cancel(self, message: bytes) -> None:
        # The key in the message is the secret; PostgreSQL checks it and answers by closing.
        reader, writer = await asyncio.open_unix_connection(self._backend)
        writer.write(message)
        await reader.read()
        await close(writer)


async def _encrypt(raw: socket.socket, context: ssl.SSLContext) -> Stream:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    stream = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_accepted_socket(
        lambda: stream, raw, ssl=context, ssl_handshake_timeout=_OPENING_SECONDS
    )
    return reader, asyncio.StreamWriter(transport, stream, reader, loop)


async def _opening(receive: Receive) -> bytes:
    header = await receive(protocol.HEADER.size)
    length, code = protocol.HEADER.unpack(header)
    known = (protocol.SSL_REQUEST, protocol.GSSENC_REQUEST, protocol.CANCEL_REQUEST)
    if code not in known and code >> 16 != protocol.STARTUP_VERSION:
        raise ProtocolViolationError(f"unsupported frontend protocol {code >> 16}.{code & 0xFFFF}")
    if not protocol.HEADER.size <= length <= protocol.MAX_STARTUP_BYTES:
        raise ProtocolViolationError(f"invalid length of startup packet: {length}")
    return header + await receive(length - protocol.HEADER.size)


def _code(message: bytes) -> int:
    return int(protocol.HEADER.unpack_from(message)[1])


async def _password(reader: asyncio.StreamReader) -> str:
    kind, length = protocol.MESSAGE.unpack(await reader.readexactly(protocol.MESSAGE.size))
    if kind != b"p" or not _LENGTH_BYTES < length <= protocol.MAX_PASSWORD_BYTES:
        raise ProtocolViolationError(f"expected password response, got message type {kind!r}")
    return (await reader.readexactly(length - _LENGTH_BYTES)).rstrip(b"\0").decode(errors="replace")


async def _receive(raw: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        chunk = await asyncio.get_running_loop().sock_recv(raw, count - len(received))
        if not chunk:
            raise EOFError("the client closed the connection")
        received += chunk
    return received
