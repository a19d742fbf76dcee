"""The front door of a Redis database: TLS, an Entra token for a password, then straight through to Redis.

Redis itself answers every command, logins included, so answers keep their order and their words. The gateway only
exchanges the credentials of each login: a good token for a user that Redis lets in without a password if an access
policy is assigned to it, a bad one for a user that does not exist.
"""

import asyncio
import logging
import ssl
import time
from pathlib import Path
from typing import Final

import jwt

from localazure.errors import StateError
from localazure.planes.pipe import close, pipe
from localazure.planes.tokens import TokenSigner
from localazure.redis.protocol import Commands, Credentials

RESOURCE: Final = "https://redis.azure.com"
"""The audience of a token for Redis."""

_HANDSHAKE_SECONDS: Final = 30
_HOST: Final = "127.0.0.1"
_NOBODY: Final = (b"nobody", b"none")
_log = logging.getLogger(__name__)


class Gateway:
    """Listens for one server.

    Args:
        socket: The server's private socket.
        context: The TLS side.
        tokens: Verifies tokens.

    """

    def __init__(self, socket: Path, context: ssl.SSLContext, tokens: TokenSigner) -> None:
        self._context = context
        self._listener: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()
        self._socket = str(socket)
        self._tokens = tokens

    async def start(self, port: int) -> int:
        """Listen on a port of 127.0.0.1, zero for any free one, and give its number.

        Raises:
            StateError: The port is taken.

        """
        try:
            self._listener = await asyncio.start_server(
                self._open, _HOST, port, ssl=self._context, ssl_handshake_timeout=_HANDSHAKE_SECONDS
            )
        except OSError as error:
            raise StateError(
                f"Redis gateway: cannot listen on {_HOST}:{port} ({error.strerror}); stop the program that has the port"
            ) from error
        return int(self._listener.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and end every session."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for session in self._sessions:
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)

    def _open(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = asyncio.create_task(self._serve(reader, writer))
        self._sessions.add(session)
        session.add_done_callback(self._sessions.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a client until either side ends or its token expires.

        Microsoft, "Use Microsoft Entra for cache authentication": a client must send AUTH with a new token before
        the old one expires, or its connection is lost.
        """
        try:
            backend = await asyncio.open_unix_connection(self._socket)
            async with asyncio.timeout(None) as session:
                commands = Commands(reader, lambda given: self._exchange(given, session), writer.write)
                await pipe((commands, writer), backend)
        except TimeoutError:
            _log.debug("Redis gateway: a token expired")
        except OSError as error:
            _log.debug("Redis gateway: a client was turned away: %r", error)
        finally:
            await close(writer)

    def _exchange(self, given: Credentials, session: asyncio.Timeout) -> Credentials:
        user, token = (each.decode(errors="replace") for each in given)
        try:
            claims = self._tokens.verify(token, audience=RESOURCE)
        except jwt.InvalidTokenError:
            return _NOBODY
        if claims.object_id.lower() != user.lower():
            return _NOBODY
        session.reschedule(asyncio.get_running_loop().time() + claims.expires_at - time.time())
        return claims.object_id.lower().encode(), b"token"
