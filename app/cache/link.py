"""The way to Redis: what a call may take, and when none is made.

A call that goes over its budget is not broken off, only not waited for: a connection that is given up in the middle of
a command may hand its answer to the next caller, and a new connection (TLS, a token) would never get finished. What
runs on is bounded by the timeouts of the socket and by the number of connections.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from app.cache.budgets import BUDGET_S, PATIENCE_S
from app.cache.login import CONNECTIONS, AgingPool
from app.circuits.tried_beside import Circuit
from app.domain.errors import Unavailable

_T = TypeVar("_T")


class ForeignKeyError(Exception):
    """What lies under a key is not of the type that we put there."""


class Link:
    """Calls Redis within a budget, and not at all while the circuit is open.

    Args:
        pool: Of connections.
        circuit: Opens when calls fail.
    """

    def __init__(self, pool: AgingPool, circuit: Circuit | None = None) -> None:
        self.pool = pool
        self.redis: Any = Redis(connection_pool=pool)
        self.circuit = circuit or Circuit()
        self.failures = 0
        """Calls that failed."""
        self._running: set[asyncio.Future[Any]] = set()

    async def call(self, command: Callable[[Any], Awaitable[_T]], *, budget_s: float = BUDGET_S) -> _T:
        """Return what a command answers.

        Args:
            command: Called with the client, whose types are not worth their price.
            budget_s: Seconds to wait.

        Raises:
            ForeignKeyError: The key holds something else.
            Unavailable: Redis does not do it in time, or is not asked.
        """
        if not self.circuit.closed:
            raise Unavailable("Redis has not answered of late")
        return await self._ask(command, budget_s)

    async def try_again(self) -> None:
        """Ask Redis whether it answers, if it is time for that; the circuit learns of it."""
        if self.circuit.trial_is_due():
            await self.warm()

    async def warm(self) -> None:
        """Have all connections ready for the first calls, or raise `Unavailable`."""
        await self._ask(lambda client: asyncio.gather(*(client.ping() for _ in range(CONNECTIONS))), PATIENCE_S)

    async def ping(self) -> None:
        """Return when Redis answers, else raise `Unavailable`."""
        await self.call(lambda client: client.ping(), budget_s=PATIENCE_S)

    async def close(self) -> None:
        """Give up the calls that nobody waits for any more."""
        for running in self._running:
            running.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _ask(self, command: Callable[[Any], Awaitable[_T]], budget_s: float) -> _T:
        running = asyncio.ensure_future(command(self.redis))
        self._follow(running)
        try:
            async with asyncio.timeout(budget_s):
                answer = await asyncio.shield(running)
        except (RedisError, OSError, TimeoutError) as error:
            # A script's error names that of its command somewhere in the text.
            if isinstance(error, ResponseError) and "WRONGTYPE" in str(error):
                self.circuit.succeeded()
                raise ForeignKeyError(str(error)) from error
            if "READONLY" in str(error):  # we are left with the server that was the primary before a failover
                self._follow(asyncio.ensure_future(self.pool.disconnect(inuse_connections=False)))
            raise self._failed(error) from error
        self.circuit.succeeded()
        return answer

    def _failed(self, error: Exception) -> Unavailable:
        self.failures += 1
        self.circuit.failed()
        return Unavailable(f"Redis does not answer: {error!r}")

    def _follow(self, running: asyncio.Future[Any]) -> None:
        self._running.add(running)
        running.add_done_callback(self._ended)

    def _ended(self, running: asyncio.Future[Any]) -> None:
        self._running.discard(running)
        if not running.cancelled():
            running.exception()  # perhaps nobody waits any more
