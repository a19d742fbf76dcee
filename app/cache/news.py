"""What replicas tell each other of writes, and whether it would be heard.

A subscription is a stream in order: when the answer to a ping comes, all that was said before the ping has come too. So
each answer proves that nothing was missed up to the moment of its ping.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Final

from redis.exceptions import RedisError

from app.cache.answers import AnswerCache
from app.cache.link import Link
from app.cache.shared import CHANNEL
from app.domain.errors import Unavailable

BEAT_S: Final = 0.25
"""Time between pings; well below the time that answers count without proof (`app.cache.answers.DEAF_S`)."""
SILENCE_S: Final = 1.5
"""How long an answer to a ping may take; then the subscription is lost."""
AHEAD_S: Final = 5.0
"""How long before connections are too old all are replaced here, so that no request has to wait for it."""
RECONNECT_S: Final = 0.25
"""Time between two attempts to subscribe."""

_log = logging.getLogger(__name__)


class News:
    """Listens, tells the cache what has become old, and finds out when Redis is back.

    Args:
        link: To Redis.
        cache: What is told.
        replica: The own name: what it said itself it knows.
        clock: Monotonic seconds, those of the cache.
    """

    def __init__(
        self, link: Link, cache: AnswerCache, *, replica: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._link = link
        self._cache = cache
        self._replica = replica
        self._clock = clock
        self._hears = False

    async def run(self) -> None:
        """Listen until cancelled, whatever happens to Redis."""
        while not _is_cancelled():
            try:
                await self._listen()
            except (RedisError, OSError, TimeoutError, Unavailable) as error:
                self._link.circuit.failed()
                if self._hears:
                    _log.warning("the cache's subscription is lost", extra={"error": repr(error)})
                self._hears = False
            await asyncio.sleep(RECONNECT_S)

    async def _listen(self) -> None:
        """Listen until the connections are to be replaced; raises when the own one is lost."""
        async with self._link.redis.pubsub() as subscription:
            await subscription.subscribe(CHANNEL)
            await self._link.warm()
            asked_at: float | None = None
            next_at = self._clock()
            replace_at = self._link.pool.good_until(subscription.connection) - AHEAD_S
            while time.time() < replace_at and not _is_cancelled():
                if asked_at is None and self._clock() >= next_at:
                    asked_at = self._clock()
                    next_at = asked_at + BEAT_S
                    await subscription.ping()
                elif asked_at is not None and self._clock() - asked_at > SILENCE_S:
                    raise TimeoutError("the subscription is silent")
                message = await subscription.get_message(timeout=BEAT_S)
                if message and message["type"] == "pong" and asked_at is not None:
                    self._cache.heard(asked_at)
                    asked_at = None
                    await self._link.try_again()
                    await self._cache.pay()
                elif message:
                    self._heed(message)
        await self._link.pool.disconnect(inuse_connections=False)

    def _heed(self, message: dict[str, Any]) -> None:
        if message["type"] == "subscribe":  # also when the client has connected anew by itself
            self._cache.start_over()
            self._hears = True
        elif message["type"] == "message":
            who, _, key = message["data"].decode(errors="replace").partition(" ")
            if who != self._replica:
                self._cache.is_old(key)


def _is_cancelled() -> bool:
    """Tell whether this task is to end; the client sometimes keeps a cancellation to itself."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
