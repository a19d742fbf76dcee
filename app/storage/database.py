"""Connections to PostgreSQL, lent with the sight of one person.

The sight is a setting of the session, so the service talks to the server itself: a pooler that hands each transaction
another session, as pgbouncer does at port 6432, would lose it.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, Final, Protocol

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - asyncpg ships no types

from app.circuits.tried_beside import Circuit
from app.domain.errors import Unavailable
from app.domain.models import Principal
from app.storage.connection import NOT_NOW, Connection, Login, erased_told
from app.storage.sight import see
from app.telemetry.tracing import traced

ACQUIRE_TIMEOUT_S: Final = 5.0
"""Bound on the wait for a free connection, a new one included; then the request is shed."""
TRIAL_TIMEOUT_S: Final = 3.0
"""Bound on one trial of a database that was silent: with the pause between trials, a return is seen within 5 s."""
RETURN_TIMEOUT_S: Final = 1.0
"""Bound on giving a connection back, while the server is told that nobody waits for its statement any more."""
POOL_SIZE: Final = 5
"""Connections per replica; times the replicas it must stay below the server's limit."""

_driver: Final[Any] = asyncpg
_SPAN: Final = {"db.system.name": "postgresql"}


async def _keep_session(_connection: Connection) -> None:
    """Leave a returned connection as it is: no statement here changes its session, and the reset costs a round trip."""


class Connections(Protocol):
    """What statements run on: any connection of a pool, or the one of a transaction."""

    def connection(self, owner: Principal | None = None) -> AbstractAsyncContextManager[Connection]:
        """Lend a connection that sees the rows of the owner alone; without one, of nobody.

        May raise `Unavailable`, and `Erased` when something is to be kept for an erased person.
        """
        ...


class OwnSight(Connections, Protocol):
    """What statements run on too that set their own sight (`app.storage.sight.SEEN`)."""

    def unsighted(self) -> AbstractAsyncContextManager[Connection]:
        """Lend a connection for one such statement; raises what `connection` does."""
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
        await see(self._connection, owner)
        with erased_told():
            yield self._connection

    @asynccontextmanager
    async def upkeep(self) -> AsyncGenerator[Connection]:
        """Lend the connection, now with everybody's rows in sight, to a role that may see them."""
        await see(self._connection, None, scope="upkeep")
        with erased_told():
            yield self._connection


class Database:
    """A pool that connects when asked, so that the process starts without its database and recovers by itself.

    When it was silent several times in a row, requests are refused at once, and one connection at a time is tried
    beside them until it answers again.
    """

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._circuit = Circuit()
        self._is_warm = False
        self._trial: asyncio.Task[None] | None = None

    @classmethod
    @asynccontextmanager
    async def open(cls, login: Login) -> AsyncGenerator["Database"]:
        """Open a pool; nothing connects yet."""
        pool = _driver.create_pool(**login.arguments(), min_size=0, max_size=POOL_SIZE, reset=_keep_session)
        async with pool:
            database = cls(pool)
            try:
                yield database
            finally:
                if database._trial:
                    database._trial.cancel()

    @asynccontextmanager
    async def connection(self, owner: Principal | None = None) -> AsyncGenerator[Connection]:
        """Lend a connection that sees the rows of the owner alone; without one, of nobody.

        Raises:
            Erased: Something was to be kept for an erased person.
            Unavailable: There is none in time, or it fails while lent.
        """
        self._refuse_while_silent()
        async with self._lend(owner) as connection:
            yield connection

    @asynccontextmanager
    async def unsighted(self) -> AsyncGenerator[Connection]:
        """Lend a connection for one statement that sets its own sight; raises what `connection` does.

        Its timeout does not count as silence: it may wait for a lock. Silence ends the session, so the next loan tells.
        """
        self._refuse_while_silent()
        async with self._lend(None, scope=None) as connection:
            yield connection

    @asynccontextmanager
    async def upkeep(self) -> AsyncGenerator[Connection]:
        """Lend a connection that sees everybody's rows, to a role that may (`DATABASE_UPKEEP_ROLE`).

        Raises:
            Unavailable: There is none in time, or it fails while lent.
        """
        self._refuse_while_silent()
        async with self._lend(None, scope="upkeep") as connection:
            yield connection

    async def ping(self) -> None:
        """Return when the database answers a query, which is asked in any case, else raise `Unavailable`.

        The first time every connection is asked at once, and one that answers is enough: who says that it is ready has
        them, and its first requests do not wait for logins.
        """
        asked = [self._answers() for _ in range(1 if self._is_warm else POOL_SIZE)]
        failures = [failure for failure in await asyncio.gather(*asked, return_exceptions=True) if failure]
        if len(failures) == len(asked):
            raise failures[0]
        self._is_warm = True

    async def _answers(self) -> None:
        async with self._lend(None):
            pass

    def _refuse_while_silent(self) -> None:
        if self._circuit.closed:
            return
        if (self._trial is None or self._trial.done()) and self._circuit.trial_is_due():
            self._trial = asyncio.create_task(self._try())
        raise Unavailable("the database has not answered lately")

    async def _try(self) -> None:
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(TRIAL_TIMEOUT_S):
                await self._answers()

    @asynccontextmanager
    async def _lend(self, owner: Principal | None, *, scope: str | None = "") -> AsyncGenerator[Connection]:
        lent = False
        try:
            with traced("database", **_SPAN):
                connection = await self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S)
                try:
                    if scope is not None:
                        await see(connection, owner, scope=scope)
                        self._circuit.succeeded()
                    lent = True
                    with erased_told():
                        yield connection
                    self._circuit.succeeded()
                finally:
                    await self._pool.release(connection, timeout=RETURN_TIMEOUT_S)
        except asyncpg.DataError:
            raise
        except NOT_NOW as error:
            if not lent and isinstance(error, TimeoutError):  # what is refused at once may be asked at once again
                self._circuit.failed()
            raise Unavailable(f"the database does not answer: {error!r}") from error
