"""What becomes of a message: done, done before, put back, or a dead letter with a reason."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from app.domain.errors import Conflict, Unavailable
from app.domain.inbox import Keep, Stores, keep_nothing
from app.operations.task_import import IMPORT_MAX
from app.queue.orders import reader
from app.telemetry.counters import Counter
from app.telemetry.spans import Span, Tracer
from app.telemetry.tracing import traced, use
from app.worker import running
from tests.unit.app.memory import ADA
from tests.unit.app.queue_parts import (
    IMPORT,
    WITHIN_S,
    ListQueue,
    MemoryInbox,
    MemoryStores,
    Message,
    consumer_of,
    work,
)


async def test_an_import_keeps_its_tasks_for_their_person() -> None:
    message, inbox = Message(), MemoryInbox()
    await work(ListQueue(message), inbox)
    assert message.settled == ["completed"]
    assert inbox.titles == ["a", "b"]
    assert {owner for owner, _ in inbox.stores.tasks.kept} == {ADA}


async def test_a_message_that_comes_again_is_completed_and_does_nothing() -> None:
    again, inbox = Message(attempts=1), MemoryInbox()
    await work(ListQueue(Message(), again), inbox)
    assert again.settled == ["completed"]
    assert len(inbox.titles) == 2


async def test_a_message_whose_settlement_was_lost_is_settled_when_it_comes_again() -> None:
    lost, again, inbox = Message(settling=Unavailable("link detached")), Message(attempts=1), MemoryInbox()
    await work(ListQueue(lost, again), inbox)
    assert (lost.settled, again.settled) == ([], ["completed"])
    assert len(inbox.titles) == 2


def broken(**changes: Any) -> bytes:
    return json.dumps({**IMPORT, **changes}).encode()


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (Message(subject=""), "UnknownSubject: expected the subject tasks.import, privacy.export, got ''"),
        (
            Message(subject="tasks.export"),
            "UnknownSubject: expected the subject tasks.import, privacy.export, got 'tasks.export'",
        ),
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
    assert not inbox.titles


@pytest.mark.parametrize("error", [Unavailable("down"), TimeoutError(), RuntimeError("a bug")], ids=repr)
async def test_a_message_is_put_back_when_its_work_fails_and_is_done_when_it_comes_again(error: Exception) -> None:
    message, again, inbox = Message(), Message(attempts=1), MemoryInbox(error)
    await work(ListQueue(message, again), inbox)
    assert (message.settled, again.settled) == (["abandoned"], ["completed"])
    assert len(inbox.titles) == 2


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


async def test_it_is_counted_what_comes_of_messages() -> None:
    messages, inbox = Counter("queue.messages"), MemoryInbox(Unavailable("down"), RuntimeError("a bug"))
    numbered = [Message(message_id=name) for name in ("m-1", "m-2", "m-3", "m-3")]
    await work(ListQueue(*numbered, Message(subject="unknown")), inbox, messages=messages)
    assert messages.totals() == {"not now": 1, "failed": 1, "done": 1, "done before": 1, "poison": 1}


class Update(msgspec.Struct, frozen=True):
    """A body of a kind that is no operation."""

    update: int


TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


async def test_a_message_is_worked_and_told_in_the_trace_that_it_came_with(caplog: pytest.LogCaptureFixture) -> None:
    async def do(_: Update) -> Keep:
        with traced("database"):
            return keep_nothing

    caplog.set_level("INFO", "app.queue")
    spans: list[Span] = []
    use(Tracer(percent=0, sink=spans.append))
    told = Message(subject="u", body=b'{"update": 7}', traceparent=f"00-{TRACE}-{PARENT}-01")
    untold = Message(message_id="m-2", subject="u", body=b'{"update": 7}')
    await work(ListQueue(told, untold), readers={"u": reader(Update, do)})
    call, message = spans
    assert (message.name, message.kind, message.trace_id, message.parent_id) == ("u", "consumer", TRACE, PARENT)
    assert (call.trace_id, call.parent_id, message.failed) == (TRACE, message.span_id, False)
    assert [line.__dict__.get("request_id") for line in caplog.records] == [TRACE, None]


async def test_the_span_of_a_message_says_that_it_failed_and_nothing_that_a_stranger_wrote() -> None:
    spans: list[Span] = []
    use(Tracer(percent=100, sink=spans.append))
    strange = Message(subject="no such kind", traceparent="no trace")
    await work(ListQueue(strange, Message(message_id="m-2")), MemoryInbox(RuntimeError("private")))
    assert [(span.name, span.failed) for span in spans] == [("message", True), ("tasks.import", True)]
    assert "private" not in repr(spans)


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
    consumer = consumer_of(queue, MemoryInbox())
    with pytest.raises(Unavailable, match="has not been opened yet"):
        await consumer.ping()
    async with asyncio.timeout(WITHIN_S):
        await consumer.run()
    await consumer.ping()


class SlowInbox(MemoryInbox):
    """Says when work begins, and lets it end when the test allows it."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.may_end = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def first(self, message_id: str, kind: str) -> AsyncGenerator[MemoryStores | None]:
        async with super().first(message_id, kind) as stores:
            self.begun.set()
            await self.may_end.wait()
            yield stores


async def test_a_stopped_consumer_finishes_the_message_at_hand_and_takes_no_other() -> None:
    at_hand, other, inbox = Message(), Message(message_id="m-2"), SlowInbox()
    consumer = consumer_of(ListQueue(at_hand, other), inbox)
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
    consumer = consumer_of(queue, MemoryInbox(), retry=3600)
    running = asyncio.create_task(consumer.run())
    async with asyncio.timeout(WITHIN_S):
        await queue.tried.wait()
        consumer.stop()
        await running
    with pytest.raises(Unavailable, match="no route"):
        await consumer.ping()


async def test_a_kind_of_message_is_one_line() -> None:
    seen: list[int] = []

    async def do(body: Update) -> Keep:
        async def keep(_: Stores) -> None:
            seen.append(body.update)

        return keep

    message, inbox = Message(subject="telegram.update", body=b'{"update": 7}'), MemoryInbox()
    await work(ListQueue(message), inbox, readers={"telegram.update": reader(Update, do, within_s=60)})
    assert (message.settled, message.held, seen) == (["completed"], 60, [7])


async def test_a_message_that_is_no_operation_and_breaks_a_rule_is_a_dead_letter() -> None:
    async def do(_: Update) -> Keep:
        raise Conflict("twice")

    message, inbox = Message(subject="u", body=b'{"update": 7}'), MemoryInbox()
    await work(ListQueue(message), inbox, readers={"u": reader(Update, do)})
    assert message.settled == ["Conflict: twice"]
    assert not inbox.done


async def test_a10_a_message_at_hand_is_given_back_when_the_grace_is_over() -> None:
    at_hand, inbox, messages = Message(), SlowInbox(), Counter("queue.messages")
    consumer = consumer_of(ListQueue(at_hand), inbox, messages=messages)
    async with asyncio.timeout(WITHIN_S):
        async with running(consumer, stop_within=0.01):
            await inbox.begun.wait()
    assert (at_hand.settled, messages.totals()) == (["abandoned"], {"given back": 1})
    assert not inbox.done
    assert not inbox.titles
