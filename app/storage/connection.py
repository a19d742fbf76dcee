"""One connection to PostgreSQL: how it is made, how long anything may take, and what its failures mean."""

import ssl
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - asyncpg ships no types

from app.domain.errors import Erased, Unavailable

CONNECT_TIMEOUT_S: Final = 5.0
"""Bound on a new connection, the token included."""
STATEMENT_TIMEOUT_S: Final = 5.0
"""Bound on a statement of a request."""

Connection = Any
"""An asyncpg connection."""
DatabaseError = asyncpg.PostgresError
"""The server's refusal of a statement."""

NOT_NOW: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what the driver may say of a session that the server ends under it
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresConnectionError,
    asyncpg.TransactionRollbackError,
)
"""What says "not now": the network, the server's state, its limits, its refusal of our login, a lost race."""

ERASED_STATE: Final = "DM001"
"""The SQLSTATE that the fence of the erased raises (revision 0008)."""

_driver: Final[Any] = asyncpg


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """Where a database is and how to log in.

    Args:
        password: Called for every new connection, so that a token is never older than the connection.
        statement_s: Bound on a statement; the server enforces it too, so that a lost client leaves nothing running.
        tls: How to verify the server, whose name must match; False for a server on a local socket.
    """

    host: str
    port: int
    database: str
    role: str
    password: Callable[[], Awaitable[str]] | None
    tls: ssl.SSLContext | Literal[False]
    application: str = "app"
    statement_s: float = STATEMENT_TIMEOUT_S

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `asyncpg.connect`."""
        return {
            "host": self.host,
            "port": self.port,
            "database": self.database,
            "user": self.role,
            "password": self.password,
            "ssl": self.tls,
            "timeout": CONNECT_TIMEOUT_S,
            "command_timeout": self.statement_s,
            "server_settings": {
                "application_name": self.application,
                "statement_timeout": str(int(self.statement_s * 1000)),
            },
        }


async def connect(login: Login) -> Connection:
    """Open one connection, for the caller to close.

    Raises:
        Unavailable: There is none in time.
    """
    try:
        return await _driver.connect(**login.arguments())
    except NOT_NOW as error:
        raise Unavailable(f"{login.host}:{login.port}/{login.database} as {login.role}: {error!r}") from error


@contextmanager
def erased_told() -> Generator[None]:
    """Translate the refusal of the fence to `Erased`."""
    try:
        yield
    except asyncpg.PostgresError as error:
        if getattr(error, "sqlstate", None) == ERASED_STATE:
            raise Erased("the person has been erased") from error
        raise
