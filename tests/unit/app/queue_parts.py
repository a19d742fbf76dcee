"""A queue, an inbox and messages in memory, and a consumer of them."""

import asyncio
import json
from collections.abc import AsyncGenerator, Coroutine, Generator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from app.domain.errors import Unavailable
from app.operations.catalog import KINDS
from app.queue.consumer import Consumer
from app.queue.operation_orders import OperationOrders
from app.queue.orders import Reader
from app.telemetry.counters import MESSAGES, Counter
from tests.unit.app.memory import ADA, NOW, MemoryTasks
from tests.unit.app.memory_operations import MemoryOperations
from tests.unit.app.work_state import work_state

WITHIN_S = 30
IMPORT = {"owner": {"issuer": ADA.issuer, "subject": ADA.subject}, "tasks": [{"title": "a"}, {"title": "b"}]}


@dataclass(kw_only=True)
class Message:
    """A delivery that remembers how it was settled."""

    message_id: str = "m-1"
    subject: str = "tasks.import"
    body: bytes = json.dumps(IMPORT).encode()
    traceparent: str = ""
    attempts: int = 0
    held: float = 0
    settled: list[str] = field(default_factory=list[str])
    settling: Exception | None = None

    def hold(self, seconds: float) -> None:
        self.held = seconds

    async def complete(self) -> None:
        await self._settle("completed")

    async def abandon(self) -> None:
        await self._settle("abandoned")

    async def dead_letter(self, reason: str, description: str) -> None:
        await self._settle(f"{reason}: {description}")

    async def _settle(self, how: str) -> None:
        await asyncio.sleep(0)
        if self.settling:
            raise self.settling
        self.settled.append(how)


class MemoryStores:
    """The port `Stores`."""

    def __init__(self) -> None:
        self.operations = MemoryOperations()
        self.tasks = MemoryTasks()


class MemoryInbox:
    """The port `Inbox` in memory; work in it fails, and it does not answer, as often as a test says.

    What is kept in it is taken back when the block fails, as a transaction does.
    """

    def __init__(self, *failures: Exception, outage: int = 0) -> None:
        self.stores = MemoryStores()
        self.done: set[str] = set()
        self.failures = list(failures)
        self.outage = outage

    @property
    def titles(self) -> list[str]:
        return sorted(task.content.title for task in self.stores.tasks.kept.values())

    async def ping(self) -> None:
        if self.outage:
            self.outage -= 1
            raise Unavailable("the database is down")

    async def knows(self, message_id: str) -> bool:
        await asyncio.sleep(0)
        return message_id in self.done

    @asynccontextmanager
    async def first(self, message_id: str, kind: str) -> AsyncGenerator[MemoryStores | None]:
        assert kind
        if self.failures:
            raise self.failures.pop(0)
        before = dict(self.stores.tasks.kept), dict(self.stores.operations.kept)
        try:
            yield None if message_id in self.done else self.stores
            await asyncio.sleep(0)  # the commit
        except BaseException:
            self.stores.tasks.kept, self.stores.operations.kept = before
            raise
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


def readers_of(operations: MemoryOperations) -> Mapping[str, Reader]:
    """Every kind of message, over operations in memory."""
    return OperationOrders(operations=operations, state=work_state(lambda: NOW)).readers(KINDS)


def consumer_of(
    queue: ListQueue,
    inbox: MemoryInbox,
    *,
    readers: Mapping[str, Reader] | None = None,
    retry: float = 0.001,
    messages: Counter = MESSAGES,
) -> Consumer:
    """Make a consumer that stops when the queue is empty."""
    known = readers_of(inbox.stores.operations) if readers is None else readers
    queue.consumer = Consumer(queue=queue, inbox=inbox, readers=known, retry=retry, messages=messages)
    return queue.consumer


async def work(
    queue: ListQueue,
    inbox: MemoryInbox | None = None,
    *,
    readers: Mapping[str, Reader] | None = None,
    messages: Counter = MESSAGES,
) -> Consumer:
    """Work a queue off."""
    consumer = consumer_of(queue, inbox or MemoryInbox(), readers=readers, messages=messages)
    async with asyncio.timeout(WITHIN_S):
        await consumer.run()
    return consumer


class Interrupted:
    """Runs a coroutine and cancels its task where it waits for the time `at`, counted from 0."""

    def __init__(self, work: Coroutine[Any, Any, object], at: int) -> None:
        self._work = work
        self.at = at

    def __await__(self) -> Generator[Any, Any, object]:
        value: Any = None
        waits = 0
        while True:
            try:
                waited_for = self._work.send(value)
            except StopIteration as ended:
                return ended.value
            if waits == self.at:
                task = asyncio.current_task()
                assert task
                task.cancel()
            waits += 1
            try:
                value = yield waited_for
            except asyncio.CancelledError as error:
                try:
                    waited_for = self._work.throw(error)
                except StopIteration as ended:
                    return ended.value
                value = yield waited_for
