"""The loop that works a queue off, one message at a time: more at a time is more replicas.

A message is done once its work is kept; if it cannot be settled then, it comes again and the inbox knows it. So does
one whose lock was lost meanwhile: another worker may do its work too, and the first of both to keep it is the only one.
A message has few attempts, so none is received while its work could not be kept: an outage would use them all. When the
last one fails, whoever waits is told before the queue makes it a dead letter.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final

from app.contract import DELIVERIES_MAX
from app.domain.errors import ProductError, TooMany, Unavailable
from app.domain.inbox import Inbox, Keep
from app.queue.orders import Order, Poison, Reader, read_order
from app.queue.ports import Delivery, Queue, Receiver
from app.telemetry.counters import MESSAGES, Counter
from app.telemetry.spans import trace_id_of
from app.telemetry.tracing import continued

RETRY_S: Final = 5.0
"""How long nothing is received after something failed."""
GIVE_UP_S: Final = 5.0
"""Bound on telling that the last attempt has failed."""

_SPAN: Final = {"messaging.system": "servicebus"}
_log = logging.getLogger(__name__)


class Consumer:
    """Receives, works and settles until it is told to stop.

    Args:
        queue: Where messages come from.
        inbox: Which have been worked off.
        readers: What messages order, by their subject.
        retry: Seconds between attempts at what does not answer.
        messages: Where it is counted what comes of them.
    """

    def __init__(
        self,
        *,
        queue: Queue,
        inbox: Inbox,
        readers: Mapping[str, Reader],
        retry: float = RETRY_S,
        messages: Counter = MESSAGES,
    ) -> None:
        self._queue = queue
        self._inbox = inbox
        self._readers = readers
        self._retry = retry
        self._messages = messages
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
        try:
            outcome, settle = await self._outcome(delivery)
        except asyncio.CancelledError:  # the grace is over: another worker may have it at once
            self._messages.add("given back")
            await self._settle(delivery, delivery.abandon)
            raise
        self._messages.add(outcome)
        await self._settle(delivery, settle)
        request = trace_id_of(delivery.traceparent)
        line = {
            "message_id": delivery.message_id,
            "subject": delivery.subject,
            "attempts": delivery.attempts,
            "milliseconds": round((time.monotonic() - started) * 1000, 3),
            "outcome": outcome,
            **({"request_id": request} if request else {}),
        }
        _log.info("message", extra=line)
        return outcome not in {"not now", "failed"}

    async def _settle(self, delivery: Delivery, settle: Callable[[], Awaitable[None]]) -> None:
        try:
            await settle()
        except Unavailable as error:
            _log.warning("a message is not settled", extra={"message_id": delivery.message_id, "error": str(error)})

    async def _outcome(self, delivery: Delivery) -> tuple[str, Callable[[], Awaitable[None]]]:
        """Work a message; gives what came of it, and how to settle it."""
        try:
            with continued(delivery.traceparent, self._kind(delivery), **_SPAN):
                order = read_order(delivery, self._readers)
                delivery.hold(order.within_s)
                is_first = await self._attempt(delivery, order)
        except Poison as error:
            reason, description = error.reason, error.description
            _log.warning("a message is poison", extra={"message_id": delivery.message_id, "error": str(error)})
            return "poison", lambda: delivery.dead_letter(reason, description)
        except (TooMany, Unavailable, TimeoutError) as error:
            _log.warning("a message has to wait", extra={"message_id": delivery.message_id, "error": repr(error)})
            return "not now", delivery.abandon
        except Exception:  # noqa: BLE001 - the message comes again, and is a dead letter in the end
            _log.exception("a message failed", extra={"message_id": delivery.message_id})
            return "failed", delivery.abandon
        return "done" if is_first else "done before", delivery.complete

    def _kind(self, delivery: Delivery) -> str:
        """Return what the span of a message is called; what it says itself only if it is known."""
        return delivery.subject if delivery.subject in self._readers else "message"

    async def _attempt(self, delivery: Delivery, order: Order) -> bool:
        """Work a message within its time; when its last attempt fails, also by the end of a grace, that is told."""
        try:
            async with asyncio.timeout(order.within_s):
                return await self._work(delivery, order)
        except BaseException:
            if order.given_up and delivery.attempts + 1 >= DELIVERIES_MAX:
                await self._tell(delivery, order.given_up)
            raise

    async def _tell(self, delivery: Delivery, given_up: Callable[[], Awaitable[None]]) -> None:
        try:
            async with asyncio.timeout(GIVE_UP_S):
                await given_up()
        except (ProductError, TimeoutError) as error:
            told = {"message_id": delivery.message_id, "error": repr(error)}
            _log.warning("nobody is told of a dead letter", extra=told)

    async def _work(self, delivery: Delivery, order: Order) -> bool:
        """Do what a message orders and keep it; False when that was done before."""
        if await self._inbox.knows(delivery.message_id):
            return False
        try:
            is_first = await self._keep(delivery, await order.work(delivery.attempts + 1))
        except (TooMany, Unavailable):
            raise
        except ProductError as error:
            return await self._keep(delivery, order.refused(error))
        if order.after:
            with suppress(Unavailable):  # what is kept counts, whoever could not be told
                await order.after()
        return is_first

    async def _keep(self, delivery: Delivery, keep: Keep) -> bool:
        async with self._inbox.first(delivery.message_id, delivery.subject) as stores:
            if stores is not None:
                await keep(stores)
            return stores is not None
