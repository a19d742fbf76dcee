"""Connections to PostgreSQL, lent with the sight of one person.

The sight is a setting of the session, so the service talks to the server itself: a pooler that hands each transaction
another session, as pgbouncer does at port 6432, would lose it.
"""

from collections.abc import AsyncGenerator, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any, Final, Protocol

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - asyncpg ships no types

from app.domain.errors import Erased, Unavailable
from app.domain.models import Principal
from app.storage.connection import NOT_NOW, Connection, Login
from app.telemetry.tracing import traced

ACQUIRE_TIMEOUT_S: Final = 5.0
"""Bound on the wait for a free connection, a new one included; then the request is shed."""
POOL_SIZE: Final = 5
"""Connections per replica; times the replicas it must stay below the server's limit."""
ERASED_STATE: Final = "DM001"
"""The SQLSTATE that the fence of the erased raises (revision 0008)."""

_driver: Final[Any] = asyncpg
_SPAN: Final = {"db.system.name": "postgresql"}
# What the policies of the tables look at (revision 0003). For the session, not the transaction: a statement of its own
# needs no transaction then. Every loan sets it anew, so nothing of the last one is left.
_SEE: Final = (
    "select set_config('app.issuer', $1, false), set_config('app.subject', $2, false), "
    "set_config('app.scope', $3, false)"
)


async def _keep_session(_connection: Connection) -> None:
    """Leave a returned connection as it is: no statement here changes its session, and the reset costs a round trip."""


class Connections(Protocol):
    """What statements run on: any connection of a pool, or the one of a transaction."""

    def connection(self, owner: Principal | None = None) -> AbstractAsyncContextManager[Connection]:
        """Lend a connection that sees the rows of the owner alone; without one, of nobody.

        May raise `Unavailable`, and `Erased` when something is to be kept for an erased person.
        """
        ...


class Household(Protocol):
    """What everybody's rows are seen on, by a role that may: any connection of a pool, or the one of a transaction."""

    def upkeep(self) -> AbstractAsyncContextManager[Connection]:
        """Lend a connection that sees everybody's rows; may raise `Unavailable`."""
        ...


class Transaction:
    """Lends the one connection whose transaction is open; transactions inside it are parts of it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def connection(self, owner: Principal | None = None) -> AsyncGenerator[Connection]:
        """Lend the connection, now with the sight of the owner."""
        await _see(self._connection, owner)
        with _erased_told():
            yield self._connection

    @asynccontextmanager
    async def upkeep(self) -> AsyncGenerator[Connection]:
        """Lend the connection, now with everybody's rows in sight, to a role that may see them."""
        await _see(self._connection, None, scope="upkeep")
        with _erased_told():
            yield self._connection


class Database:
    """A pool that connects when asked, so that the process starts without its database and recovers by itself."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    @classmethod
    @asynccontextmanager
    async def open(cls, login: Login) -> AsyncGenerator["Database"]:
        """Open a pool; nothing connects yet."""
        pool = _driver.create_pool(**login.arguments(), min_size=0, max_size=POOL_SIZE, reset=_keep_session)
        async with pool:
            yield cls(pool)

    @asynccontextmanager
    async def connection(self, owner: Principal | None = None) -> AsyncGenerator[Connection]:
        """Lend a connection that sees the rows of the owner alone; without one, of nobody.

        Raises:
            Erased: Something was to be kept for an erased person.
            Unavailable: There is none in time, or it fails while lent.
        """
        async with self._lend() as connection:
            await _see(connection, owner)
            yield connection

    @asynccontextmanager
    async def upkeep(self) -> AsyncGenerator[Connection]:
        """Lend a connection that sees everybody's rows, to a role that may (`DATABASE_UPKEEP_ROLE`).

        Raises:
            Unavailable: There is none in time, or it fails while lent.
        """
        async with self._lend() as connection:
            await _see(connection, None, scope="upkeep")
            yield connection

    async def ping(self) -> None:
        """Return when the database answers a query.

        Raises:
            Unavailable: It does not.
        """
        async with self._lend() as connection:
            await connection.fetchval("select 1")

    @asynccontextmanager
    async def _lend(self) -> AsyncGenerator[Connection]:
        try:
            with traced("database", **_SPAN):
                async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
                    with _erased_told():
                        yield connection
        except asyncpg.DataError:
            raise
        except NOT_NOW as error:
            raise Unavailable(f"the database does not answer: {error!r}") from error


async def _see(connection: Connection, owner: Principal | None, *, scope: str = "") -> None:
    """Say whose rows the next statements may see."""
    await connection.fetchrow(_SEE, owner.issuer if owner else "", owner.subject if owner else "", scope)


@contextmanager
def _erased_told() -> Generator[None]:
    """Translate the refusal of the fence."""
    try:
        yield
    except asyncpg.PostgresError as error:
        if getattr(error, "sqlstate", None) == ERASED_STATE:
            raise Erased("the person has been erased") from error
        raise
