"""What waits in the outbox is sent: at once when woken, again when the queue was down, once in order."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from app.domain.errors import Unavailable
from app.domain.identifiers import time_ordered_id
from app.domain.outbox import Backlog, Message
from app.queue.relay import Relay
from app.queue.relaying import relaying
from app.telemetry.counters import Gauge
from tests.unit.app.memory import NOW

WITHIN_S = 30
NEVER_S = 3600


def message(body: str) -> Message:
    return Message(id=time_ordered_id(NOW), kind="k", body=body, session="s", created_at=NOW)


class MemoryOutbox:
    """The port `Outbox` in a list; it does not answer as often as a test says."""

    def __init__(self, *bodies: str, outage: int = 0) -> None:
        self.waiting = [message(body) for body in bodies]
        self.outage = outage
        self.looked = asyncio.Event()

    async def put(self, message: Message) -> None:
        self.waiting.append(message)

    @asynccontextmanager
    async def batch(self, limit: int) -> AsyncGenerator[Sequence[Message]]:
        lent = self.waiting[:limit]
        yield lent
        self.waiting = self.waiting[len(lent) :]

    async def backlog(self) -> Backlog:
        self.looked.set()
        if self.outage:
            self.outage -= 1
            raise Unavailable("the database is down")
        return Backlog(depth=len(self.waiting), oldest_s=1.0 if self.waiting else 0.0)


class MemorySendQueue:
    """The port `SendQueue` in a list; it cannot be opened, and sending fails, as often as a test says."""

    def __init__(self, *, closed: int = 0, failures: Sequence[Exception] = ()) -> None:
        self.bodies: list[str] = []
        self.opened = 0
        self.closed = closed
        self.failures = list(failures)
        self.took = asyncio.Event()

    @asynccontextmanager
    async def open(self) -> AsyncGenerator["MemorySendQueue"]:
        self.opened += 1
        if self.closed:
            self.closed -= 1
            raise Unavailable("no route")
        yield self

    async def send(self, messages: Sequence[Message]) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.bodies += [message.body for message in messages]
        self.took.set()


async def sent(queue: MemorySendQueue) -> list[str]:
    """Wait until something was sent."""
    await queue.took.wait()
    queue.took.clear()
    return queue.bodies


def relay_of(outbox: MemoryOutbox, queue: MemorySendQueue) -> Relay:
    return Relay(outbox=outbox, queue=queue, poll=NEVER_S, retry=0.001)


async def relayed(relay: Relay, act: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(WITHIN_S), relaying(relay):
        await act()


async def test_what_waits_is_sent_in_order_and_forgotten() -> None:
    outbox, queue = MemoryOutbox(*(str(number) for number in range(250))), MemorySendQueue()
    relay = relay_of(outbox, queue)
    await relayed(relay, lambda: sent(queue))
    assert queue.bodies == [str(number) for number in range(250)]
    assert (outbox.waiting, relay.sent, relay.backlog) == ([], 250, Backlog(depth=0, oldest_s=0.0))


async def test_nothing_is_opened_for_an_empty_outbox() -> None:
    outbox, queue = MemoryOutbox(), MemorySendQueue()
    await relayed(relay_of(outbox, queue), outbox.looked.wait)
    assert queue.opened == 0


async def test_a_message_is_sent_as_soon_as_the_relay_is_woken_over_the_same_link() -> None:
    outbox, queue = MemoryOutbox(), MemorySendQueue()
    relay = relay_of(outbox, queue)

    async def act() -> None:
        await outbox.looked.wait()
        for body in ("a", "b"):
            await outbox.put(message(body))
            relay.wake()
            assert (await sent(queue))[-1] == body

    await relayed(relay, act)
    assert (queue.bodies, queue.opened) == (["a", "b"], 1)


async def test_a_message_that_another_process_has_kept_is_found() -> None:
    outbox, queue = MemoryOutbox(), MemorySendQueue()

    async def act() -> None:
        await outbox.looked.wait()
        await outbox.put(message("a"))
        await sent(queue)

    await relayed(Relay(outbox=outbox, queue=queue, poll=0.001), act)
    assert queue.bodies == ["a"]


@pytest.mark.parametrize("failures", [[Unavailable("cut")], [Unavailable("cut")] * 4, [RuntimeError("a bug")]], ids=len)
async def test_a6_what_the_queue_has_not_taken_stays_and_is_sent_when_it_is_back(failures: list[Exception]) -> None:
    outbox, queue = MemoryOutbox("a", "b"), MemorySendQueue(failures=failures)
    relay = relay_of(outbox, queue)
    expected = len(failures)
    await relayed(relay, lambda: sent(queue))
    assert (queue.bodies, outbox.waiting) == (["a", "b"], [])
    assert (relay.failures, queue.opened) == (expected, expected + 1)
    await relay.ping()


async def test_a6_a_queue_that_is_down_is_told_by_the_check_and_by_the_numbers() -> None:
    outbox, queue = MemoryOutbox("a"), MemorySendQueue(closed=1_000_000)
    depth, age = Gauge("outbox.depth"), Gauge("outbox.age")
    relay = Relay(outbox=outbox, queue=queue, poll=NEVER_S, retry=0.001, depth=depth, age=age)

    async def act() -> None:
        while not relay.failures:  # noqa: ASYNC110 - until it was tried
            await asyncio.sleep(0.001)
        with pytest.raises(Unavailable, match="no route"):
            await relay.ping()

    await relay.ping()
    await relayed(relay, act)
    assert relay.backlog == Backlog(depth=1, oldest_s=1.0)
    assert (depth.value, age.value) == (1, 1.0)
    assert len(outbox.waiting) == 1


async def test_the_numbers_say_so_when_nothing_waits_any_more() -> None:
    outbox, queue, depth, age = MemoryOutbox("a"), MemorySendQueue(), Gauge("outbox.depth"), Gauge("outbox.age")
    await relayed(Relay(outbox=outbox, queue=queue, poll=NEVER_S, depth=depth, age=age), lambda: sent(queue))
    assert (depth.value, age.value) == (0, 0.0)


async def test_a_database_that_is_down_stops_nothing_for_good() -> None:
    outbox, queue = MemoryOutbox("a", outage=3), MemorySendQueue()
    await relayed(relay_of(outbox, queue), lambda: sent(queue))
    assert queue.bodies == ["a"]


async def test_what_was_kept_last_is_sent_before_the_end() -> None:
    outbox, queue = MemoryOutbox(), MemorySendQueue()

    async def act() -> None:
        await outbox.looked.wait()
        await outbox.put(message("last"))

    await relayed(relay_of(outbox, queue), act)
    assert queue.bodies == ["last"]
