"""Sends what waits in the outbox, in the background of a process that serves requests.

A queue that does not answer never hurts a request: what was kept is sent once the queue is back. A message may be sent
twice, when the answer of the queue or the end of the transaction is lost; the queue knows it by its id for a while, and
the inbox of the workers for ever.
"""

import asyncio
import logging
import random
from contextlib import suppress
from typing import Final

from app.domain.errors import Unavailable
from app.domain.outbox import Backlog, Outbox
from app.queue.ports import Sender, SendQueue
from app.telemetry.counters import OUTBOX_AGE_S, OUTBOX_DEPTH, Gauge

BATCH: Final = 100
"""Messages that are sent at once: with bodies of at most 1024 characters below the 256 KB of a batch."""
POLL_S: Final = 5.0
"""How often is looked for what another process has kept, and not sent."""
RETRY_S: Final = 0.5
"""The pause after a first failure; it doubles with every further one."""
RETRY_MAX_S: Final = 30.0

_log = logging.getLogger(__name__)


class Relay:
    """Sends until it is stopped.

    Args:
        outbox: Where messages wait.
        queue: Where they go.
        poll: Seconds between two looks at an outbox that was empty.
        retry: Seconds of the first pause after a failure.
        depth: Is told how many messages wait.
        age: Is told how many seconds the first has waited.
    """

    def __init__(
        self,
        *,
        outbox: Outbox,
        queue: SendQueue,
        poll: float = POLL_S,
        retry: float = RETRY_S,
        depth: Gauge = OUTBOX_DEPTH,
        age: Gauge = OUTBOX_AGE_S,
    ) -> None:
        self._outbox = outbox
        self._queue = queue
        self._poll = poll
        self._retry = retry
        self._depth = depth
        self._age = age
        self._woken = asyncio.Event()
        self._stopping = False
        self._trouble = ""
        self._failed_in_a_row = 0
        self.backlog = Backlog(depth=0, oldest_s=0.0)
        """What waited at the last look."""
        self.sent = 0
        """Messages sent since the start."""
        self.failures = 0
        """Attempts to send that failed since the start."""

    def wake(self) -> None:
        """Look now: a message was kept."""
        self._woken.set()

    def stop(self) -> None:
        """Send what waits if that works at once, then end."""
        self._stopping = True
        self._woken.set()

    async def ping(self) -> None:
        """Return while messages can be sent as far as is known, else raise `Unavailable`."""
        if self._trouble:
            raise Unavailable(self._trouble)

    async def run(self) -> None:
        """Send until `stop`; whatever fails is tried again."""
        while True:
            try:
                if await self._something_waits():
                    async with self._queue.open() as sender:
                        await self._send(sender)
                if self._stopping:
                    return
            except Unavailable as error:
                self._note(str(error))
                _log.warning("nothing can be sent", extra={"error": str(error), "waiting": self.backlog.depth})
            except Exception as error:  # noqa: BLE001 - the loop must outlive every error
                self._note(repr(error))
                _log.exception("the outbox cannot be sent")
            else:
                continue
            if self._stopping:
                return
            await self._pause()

    async def _something_waits(self) -> bool:
        """Wait until there is something to send, or the end; nothing is opened for an empty outbox."""
        while True:
            self._woken.clear()
            await self._look()
            if self.backlog.depth or self._stopping:
                return bool(self.backlog.depth)
            self._well()
            await self._wait()

    async def _look(self) -> None:
        self.backlog = await self._outbox.backlog()
        self._depth.set(self.backlog.depth)
        self._age.set(self.backlog.oldest_s)

    async def _send(self, sender: Sender) -> None:
        """Send over one link, until it fails or the end."""
        while True:
            self._woken.clear()
            while await self._send_batch(sender):
                pass
            await self._look()
            self._well()
            if self._stopping:
                return
            await self._wait()

    async def _send_batch(self, sender: Sender) -> int:
        async with self._outbox.batch(BATCH) as messages:
            if messages:
                await sender.send(messages)
        self.sent += len(messages)
        return len(messages)

    async def _wait(self) -> None:
        """Wait to be woken, at most for a poll: replicas that started together do not look together."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), self._poll * random.uniform(0.8, 1.2))  # noqa: S311 - jitter

    async def _pause(self) -> None:
        bound = min(RETRY_MAX_S, self._retry * 2 ** min(self._failed_in_a_row - 1, 10))
        await asyncio.sleep(bound * random.uniform(0.5, 1.0))  # noqa: S311 - jitter

    def _well(self) -> None:
        self._trouble, self._failed_in_a_row = "", 0

    def _note(self, trouble: str) -> None:
        self._trouble = trouble
        self._failed_in_a_row += 1
        self.failures += 1
