"""What becomes of a message: done, done before, put back, or a dead letter with a reason."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.domain.errors import Unavailable
from app.operations.catalog import KINDS
from app.operations.kind import WorkState
from app.operations.task_import import IMPORT_MAX
from app.queue.consumer import Consumer
from app.queue.operation_orders import OperationOrders
from app.queue.orders import Reader
from tests.unit.app.memory import ADA, NOW, MemoryTasks
from tests.unit.app.memory_operations import MemoryOperations

WITHIN_S = 30
IMPORT = {"owner": {"issuer": ADA.issuer, "subject": ADA.subject}, "tasks": [{"title": "a"}, {"title": "b"}]}


@dataclass(kw_only=True)
class Message:
    """A delivery that remembers how it was settled."""

    message_id: str = "m-1"
    subject: str = "tasks.import"
    body: bytes = json.dumps(IMPORT).encode()
    attempts: int = 0
    settled: list[str] = field(default_factory=list[str])
    settling: Exception | None = None

    async def complete(self) -> None:
        self._settle("completed")

    async def abandon(self) -> None:
        self._settle("abandoned")

    async def dead_letter(self, reason: str, description: str) -> None:
        self._settle(f"{reason}: {description}")

    def _settle(self, how: str) -> None:
        if self.settling:
            raise self.settling
        self.settled.append(how)


class MemoryInbox:
    """The port `Inbox` in memory; work in it fails, and it does not answer, as often as a test says."""

    def __init__(self, *failures: Exception, outage: int = 0) -> None:
        self.tasks = MemoryTasks()
        self.done: set[str] = set()
        self.failures = list(failures)
        self.outage = outage

    async def ping(self) -> None:
        if self.outage:
            self.outage -= 1
            raise Unavailable("the database is down")

    @asynccontextmanager
    async def first(self, message_id: str, kind: str) -> AsyncGenerator[TaskStore | None]:
        assert kind
        if self.failures:
            raise self.failures.pop(0)
        yield None if message_id in self.done else self.tasks
        self.done.add(message_id)


class ListQueue:
    """The port `Queue` over a list. It stops the consumer when the list is empty, and fails first as a test says."""

    def __init__(self, *messages: Message, failures: tuple[Exception, ...] = ()) -> None:
        self.messages = list(messages)
        self.failures = list(failures)
        self.consumer: Consumer | None = None
        self.opened = 0

    @asynccontextmanager
    async def open(self) -> AsyncGenerator["ListQueue"]:
        self.opened += 1
        if self.failures:
            raise self.failures.pop(0)
        yield self

    async def next(self) -> Message | None:
        if self.messages:
            return self.messages.pop(0)
        assert self.consumer
        self.consumer.stop()
        return None


async def work(queue: ListQueue, inbox: MemoryInbox | None = None) -> Consumer:
    """Work a queue off."""
    consumer = Consumer(queue=queue, inbox=inbox or MemoryInbox(), now=lambda: NOW, retry=0.001)
    queue.consumer = consumer
    async with asyncio.timeout(WITHIN_S):
        await consumer.run()
    return consumer


async def test_an_import_keeps_its_tasks_for_their_person() -> None:
    message, inbox = Message(), MemoryInbox()
    await work(ListQueue(message), inbox)
    assert message.settled == ["completed"]
    assert sorted((owner, task.content.title) for (owner, _), task in inbox.tasks.kept.items()) == [
        (ADA, "a"),
        (ADA, "b"),
    ]


async def test_a_message_that_comes_again_is_completed_and_does_nothing() -> None:
    again, inbox = Message(attempts=1), MemoryInbox()
    await work(ListQueue(Message(), again), inbox)
    assert again.settled == ["completed"]
    assert len(inbox.tasks.kept) == 2


async def test_a_message_whose_settlement_was_lost_is_settled_when_it_comes_again() -> None:
    lost, again, inbox = Message(settling=Unavailable("link detached")), Message(attempts=1), MemoryInbox()
    await work(ListQueue(lost, again), inbox)
    assert (lost.settled, again.settled) == ([], ["completed"])
    assert len(inbox.tasks.kept) == 2


def broken(**changes: Any) -> bytes:
    return json.dumps({**IMPORT, **changes}).encode()


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (Message(subject=""), "UnknownSubject: expected the subject tasks.import, got ''"),
        (Message(subject="tasks.export"), "UnknownSubject: expected the subject tasks.import, got 'tasks.export'"),
        (Message(message_id=""), "NoMessageId: expected an id"),
        (Message(body=b""), "InvalidBody: the body is not JSON"),
        (Message(body=b"\xff"), "InvalidBody: the body is not JSON"),
        (Message(body=b"[" * 100_000), "InvalidBody: the body is not JSON"),
        (Message(body=b"[]"), "InvalidBody: the document: Expected `object`"),
        (Message(body=b"{}"), "InvalidBody: /owner: Object missing required field"),
        (Message(body=broken(more=1)), "InvalidBody: /more: Object contains unknown field"),
        (Message(body=broken(tasks=[])), "InvalidBody: /tasks: Expected `array` of length >= 1"),
        (Message(body=broken(tasks=[{"title": "t"}] * (IMPORT_MAX + 1))), "InvalidBody: /tasks: Expected `array`"),
        (Message(body=broken(tasks=[{"title": " "}])), "InvalidBody: /title: expected 1 to 200 characters"),
        (Message(body=broken(owner={"issuer": "", "subject": "x"})), "InvalidBody: /owner/issuer: Expected `str`"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_message_that_nothing_can_help_is_a_dead_letter_with_the_reason(message: Message, told: str) -> None:
    inbox = MemoryInbox()
    await work(ListQueue(message), inbox)
    assert [settled[: len(told)] for settled in message.settled] == [told]
    assert not inbox.done
    assert not inbox.tasks.kept


@pytest.mark.parametrize("error", [Unavailable("down"), TimeoutError(), RuntimeError("a bug")], ids=repr)
async def test_a_message_is_put_back_when_its_work_fails_and_is_done_when_it_comes_again(error: Exception) -> None:
    message, again, inbox = Message(), Message(attempts=1), MemoryInbox(error)
    await work(ListQueue(message, again), inbox)
    assert (message.settled, again.settled) == (["abandoned"], ["completed"])
    assert len(inbox.tasks.kept) == 2


async def test_a_queue_that_does_not_answer_is_opened_again() -> None:
    message = Message()
    queue = ListQueue(message, failures=(Unavailable("no route"), RuntimeError("a bug")))
    await work(queue)
    assert (queue.opened, message.settled) == (3, ["completed"])


async def test_nothing_is_received_while_work_cannot_be_kept() -> None:
    message, inbox = Message(), MemoryInbox(outage=3)
    queue = ListQueue(message)
    await work(queue, inbox)
    assert (inbox.outage, queue.opened, message.settled) == (0, 1, ["completed"])


class ClosedQueue(ListQueue):
    """Cannot be opened, and says when that was tried."""

    def __init__(self) -> None:
        super().__init__()
        self.tried = asyncio.Event()

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[ListQueue]:
        self.tried.set()
        raise Unavailable("no route")
        yield self


async def test_the_check_of_the_queue_fails_until_it_is_open() -> None:
    queue = ListQueue()
    consumer = Consumer(queue=queue, inbox=MemoryInbox(), now=lambda: NOW, retry=0.001)
    with pytest.raises(Unavailable, match="has not been opened yet"):
        await consumer.ping()
    queue.consumer = consumer
    async with asyncio.timeout(WITHIN_S):
        await consumer.run()
    await consumer.ping()


class SlowInbox(MemoryInbox):
    """Says when work begins, and lets it end when the test allows it."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.may_end = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def first(self, message_id: str, kind: str) -> AsyncGenerator[TaskStore | None]:
        async with super().first(message_id, kind) as tasks:
            self.begun.set()
            await self.may_end.wait()
            yield tasks


async def test_a_stopped_consumer_finishes_the_message_at_hand_and_takes_no_other() -> None:
    at_hand, other, inbox = Message(), Message(message_id="m-2"), SlowInbox()
    consumer = Consumer(queue=ListQueue(at_hand, other), inbox=inbox, now=lambda: NOW)
    running = asyncio.create_task(consumer.run())
    async with asyncio.timeout(WITHIN_S):
        await inbox.begun.wait()
        consumer.stop()
        inbox.may_end.set()
        await running
    assert (at_hand.settled, other.settled) == (["completed"], [])
    assert inbox.done == {"m-1"}


async def test_a_pause_ends_when_the_consumer_is_stopped() -> None:
    queue = ClosedQueue()
    consumer = Consumer(queue=queue, inbox=MemoryInbox(), now=lambda: NOW, retry=3600)
    running = asyncio.create_task(consumer.run())
    async with asyncio.timeout(WITHIN_S):
        await queue.tried.wait()
        consumer.stop()
        await running
    with pytest.raises(Unavailable, match="no route"):
        await consumer.ping()
