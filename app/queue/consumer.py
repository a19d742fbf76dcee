"""The loop that works a queue off, one message at a time: more at a time is more replicas.

A message is done once its work is kept; if it cannot be settled then, it comes again and the inbox knows it. A message
has few attempts, so none is received while its work could not be kept: an outage would use them all.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

from app.domain.errors import Unavailable
from app.domain.ports import Inbox
from app.queue.orders import Poison, read_order
from app.queue.ports import Delivery, Queue, Receiver

HANDLE_S: Final = 20.0
"""Bound on the work of one message; below the time that a message is ours for."""
RETRY_S: Final = 5.0
"""How long nothing is received after something failed."""

_log = logging.getLogger(__name__)


class Consumer:
    """Receives, works and settles until it is told to stop.

    Args:
        queue: Where messages come from.
        inbox: Which have been worked off.
        now: The time in UTC.
        retry: Seconds between attempts at what does not answer.
    """

    def __init__(self, *, queue: Queue, inbox: Inbox, now: Callable[[], datetime], retry: float = RETRY_S) -> None:
        self._queue = queue
        self._inbox = inbox
        self._now = now
        self._retry = retry
        self._stopping = asyncio.Event()
        self._trouble = "the queue has not been opened yet"

    def stop(self) -> None:
        """Receive no more; `run` returns after the message at hand is settled."""
        self._stopping.set()

    async def ping(self) -> None:
        """Return while messages can be received, else raise `Unavailable`."""
        if self._trouble:
            raise Unavailable(self._trouble)

    async def run(self) -> None:
        """Work until `stop`; whatever fails is tried again."""
        while not self._stopping.is_set():
            try:
                await self._inbox.ping()
                async with self._queue.open() as receiver:
                    self._trouble = ""
                    await self._work_off(receiver)
            except Unavailable as error:
                self._trouble = str(error)
                _log.warning("nothing can be received", extra={"error": str(error)})
            except Exception as error:  # noqa: BLE001 - the loop must outlive every error
                self._trouble = repr(error)
                _log.exception("the queue cannot be worked off")
            await self._pause()

    async def _work_off(self, receiver: Receiver) -> None:
        """Work until `stop`, or until the work of a message fails."""
        well = True
        while well and not self._stopping.is_set():
            delivery = await receiver.next()
            well = delivery is None or await self._handle(delivery)

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), self._retry)

    async def _handle(self, delivery: Delivery) -> bool:
        """Work a message and settle it; False if the work failed and the message is put back."""
        started = time.monotonic()
        outcome, settle = await self._outcome(delivery)
        try:
            await settle()
        except Unavailable as error:
            _log.warning("a message is not settled", extra={"message_id": delivery.message_id, "error": str(error)})
        line = {
            "message_id": delivery.message_id,
            "subject": delivery.subject,
            "attempts": delivery.attempts,
            "milliseconds": round((time.monotonic() - started) * 1000, 3),
            "outcome": outcome,
        }
        _log.info("message", extra=line)
        return outcome not in {"not now", "failed"}

    async def _outcome(self, delivery: Delivery) -> tuple[str, Callable[[], Awaitable[None]]]:
        """Work a message; gives what came of it, and how to settle it."""
        try:
            order = read_order(delivery)
            async with asyncio.timeout(HANDLE_S), self._inbox.first(delivery.message_id, delivery.subject) as tasks:
                if tasks is not None:
                    await order(tasks, self._now())
        except Poison as error:
            reason, description = error.reason, error.description
            _log.warning("a message is poison", extra={"message_id": delivery.message_id, "error": str(error)})
            return "poison", lambda: delivery.dead_letter(reason, description)
        except (Unavailable, TimeoutError) as error:
            _log.warning("a message has to wait", extra={"message_id": delivery.message_id, "error": repr(error)})
            return "not now", delivery.abandon
        except Exception:  # noqa: BLE001 - the message comes again, and is a dead letter in the end
            _log.exception("a message failed", extra={"message_id": delivery.message_id})
            return "failed", delivery.abandon
        return "done before" if tasks is None else "done", delivery.complete
