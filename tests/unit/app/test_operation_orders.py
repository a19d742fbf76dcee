"""What a worker makes of an operation: it runs, is seen to, and ends once, whatever happens to the worker."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
import pytest

from app.contract import DELIVERIES_MAX
from app.domain.errors import Conflict, Erased, Invalid, ProductError, Unavailable
from app.domain.identifiers import time_ordered_id
from app.domain.inbox import Stores
from app.domain.operations import NewOperation, OperationStatus
from app.operations.catalog import KINDS
from app.operations.kind import Ending, Job, Kind
from app.queue.operation_orders import GIVEN_UP, OperationOrders
from app.queue.orders import Reader
from app.worker import running
from tests.unit.app.memory import ADA, NOW
from tests.unit.app.queue_parts import (
    IMPORT,
    WITHIN_S,
    Interrupted,
    ListQueue,
    MemoryInbox,
    MemoryStores,
    Message,
    consumer_of,
    readers_of,
    work,
)
from tests.unit.app.work_state import work_state

TASKS: Final = {"tasks": [{"title": "a"}, {"title": "b"}]}


async def started(inbox: MemoryInbox, kind: str = "tasks.import", document: object = TASKS) -> Message:
    """Start an operation, and give its message as the queue does."""
    request = msgspec.json.encode(document).decode()
    new = NewOperation(id=time_ordered_id(NOW), kind=kind, request=request, key=None, now=NOW)
    await inbox.stores.operations.start(ADA, new)
    sent = inbox.stores.operations.messages[-1]
    return Message(message_id=str(sent.id), subject=sent.kind, body=sent.body.encode())


def status(inbox: MemoryInbox) -> OperationStatus:
    [operation] = inbox.stores.operations.kept.values()
    return operation.status


async def test_an_operation_ends_with_its_result_and_what_it_was_to_keep() -> None:
    inbox = MemoryInbox()
    message = await started(inbox)
    await work(ListQueue(message), inbox)
    [operation] = inbox.stores.operations.kept.values()
    assert message.settled == ["completed"]
    assert (operation.status, operation.progress, operation.result) == (OperationStatus.DONE, 100, {"tasks": 2})
    assert inbox.titles == ["a", "b"]


class Empty(msgspec.Struct, frozen=True):
    """An input of nothing."""


def one_kind(inbox: MemoryInbox, do: Any, *, within_s: float = 20.0) -> Mapping[str, Reader]:
    """Readers of the one kind of operation that a test makes."""
    kind = Kind(name="test", summary="", takes=Empty, work=do, within_s=within_s)
    state = work_state(lambda: NOW)
    return OperationOrders(operations=inbox.stores.operations, state=state).readers({kind.name: kind})


async def test_how_far_an_operation_is_can_be_seen_while_it_runs() -> None:
    inbox = MemoryInbox()
    seen: list[tuple[OperationStatus, int]] = []

    async def do(_: Empty, job: Job) -> Ending:
        for percent in (10, 60, 30):
            await job.report(percent)
            operation = await inbox.stores.operations.get(ADA, job.id)
            seen.append((operation.status, operation.progress))
        return Ending()

    await work(ListQueue(await started(inbox, "test", {})), inbox, readers=one_kind(inbox, do))
    assert seen == [(OperationStatus.RUNNING, percent) for percent in (10, 60, 60)]
    assert status(inbox) == OperationStatus.DONE


@pytest.mark.parametrize("error", [Invalid("/name", "Ada Lovelace is not allowed"), Conflict("Ada has one")], ids=repr)
@pytest.mark.parametrize("keeping", [False, True])
async def test_an_operation_that_breaks_a_rule_fails_once_without_a_word_about_the_person(
    error: ProductError,
    *,
    keeping: bool,
) -> None:
    inbox = MemoryInbox()

    async def refuse(stores: Stores) -> None:
        await stores.operations.done(ADA, next(iter(inbox.stores.operations.kept))[1], {}, now=NOW)
        raise error

    async def do(_: Empty, __: Job) -> Ending:
        if keeping:
            return Ending(keep=refuse)
        raise error

    message = await started(inbox, "test", {})
    await work(ListQueue(message), inbox, readers=one_kind(inbox, do))
    [operation] = inbox.stores.operations.kept.values()
    assert (message.settled, operation.status, operation.result) == (["completed"], OperationStatus.FAILED, None)
    assert operation.problem
    assert "Ada" not in operation.problem
    assert message.message_id in inbox.done


async def test_the_operation_of_an_erased_person_ends_silently() -> None:
    inbox = MemoryInbox()

    async def do(_: Empty, __: Job) -> Ending:
        raise Erased("the person has been erased")

    message = await started(inbox, "test", {})
    await work(ListQueue(message), inbox, readers=one_kind(inbox, do))
    assert message.settled == ["completed"]


async def test_an_operation_that_is_gone_or_done_is_not_worked_on() -> None:
    inbox = MemoryInbox()
    gone, ended = await started(inbox), await started(inbox)
    [(_, gone_id), (_, ended_id)] = inbox.stores.operations.kept
    del inbox.stores.operations.kept[ADA, gone_id]
    await inbox.stores.operations.done(ADA, ended_id, {}, now=NOW)
    await work(ListQueue(gone, ended), inbox)
    assert (gone.settled, ended.settled, inbox.titles) == (["completed"], ["completed"], [])


async def test_an_operation_whose_work_has_to_wait_is_done_when_its_message_comes_again() -> None:
    inbox = MemoryInbox(Unavailable("down"))
    message = await started(inbox)
    again = Message(message_id=message.message_id, subject=message.subject, body=message.body, attempts=1)
    await work(ListQueue(message, again), inbox)
    assert (message.settled, again.settled) == (["abandoned"], ["completed"])
    assert (status(inbox), inbox.titles) == (OperationStatus.DONE, ["a", "b"])


def delivered(message: Message, attempts: int) -> Message:
    """Deliver a message again."""
    return Message(message_id=message.message_id, subject=message.subject, body=message.body, attempts=attempts)


@pytest.mark.parametrize("error", [Unavailable("Ada is down"), RuntimeError("Ada broke it")], ids=repr)
async def test_a7_an_operation_has_failed_once_its_message_has_no_attempt_left_and_is_done_when_it_is_put_back(
    error: Exception,
) -> None:
    inbox = MemoryInbox(error, error)
    message = await started(inbox)
    last_but_one, last = (delivered(message, DELIVERIES_MAX - left) for left in (2, 1))
    await work(ListQueue(last_but_one), inbox)
    assert status(inbox) == OperationStatus.RUNNING
    await work(ListQueue(last), inbox)
    [operation] = inbox.stores.operations.kept.values()
    assert (last.settled, operation.status, operation.problem) == (["abandoned"], OperationStatus.FAILED, GIVEN_UP)
    put_back = [delivered(message, 0), delivered(message, 0)]
    await work(ListQueue(*put_back), inbox)
    [operation] = inbox.stores.operations.kept.values()
    assert [one.settled for one in put_back] == [["completed"], ["completed"]]
    assert (operation.status, operation.problem, inbox.titles) == (OperationStatus.DONE, None, ["a", "b"])


async def test_a7_an_operation_that_cannot_be_told_to_have_failed_leaves_its_message_to_the_dead_letters() -> None:
    inbox = MemoryInbox(Unavailable("down"))
    last = delivered(await started(inbox), DELIVERIES_MAX - 1)
    inbox.stores.operations.unavailable = True
    await work(ListQueue(last), inbox)
    assert last.settled == ["abandoned"]


async def test_a7_a_last_attempt_that_the_end_of_a_grace_cuts_has_failed() -> None:
    inbox, begun = MemoryInbox(), asyncio.Event()

    async def do(_: Empty, __: Job) -> Ending:
        begun.set()
        await asyncio.Event().wait()
        return Ending()

    last = delivered(await started(inbox, "test", {}), DELIVERIES_MAX - 1)
    consumer = consumer_of(ListQueue(last), inbox, readers=one_kind(inbox, do))
    async with asyncio.timeout(WITHIN_S), running(consumer, stop_within=0.01):
        await begun.wait()
    assert (last.settled, status(inbox)) == (["abandoned"], OperationStatus.FAILED)


async def test_a_kind_says_how_long_its_message_is_held() -> None:
    inbox = MemoryInbox()

    async def do(_: Empty, __: Job) -> Ending:
        return Ending()

    long, short = await started(inbox, "test", {}), Message()
    readers = {**one_kind(inbox, do, within_s=600), "tasks.import": readers_of(inbox.stores.operations)["tasks.import"]}
    await work(ListQueue(long, short), inbox, readers=readers)
    assert (long.held, short.held) == (600, 20)


async def test_a8_a_message_that_is_delivered_twice_has_its_effect_once() -> None:
    inbox = MemoryInbox()
    message = await started(inbox)
    again = Message(message_id=message.message_id, subject=message.subject, body=message.body, attempts=1)
    await work(ListQueue(message, again), inbox)
    assert (again.settled, inbox.titles) == (["completed"], ["a", "b"])


class CommitLost(MemoryInbox):
    """Keeps the first work, and does not say so."""

    @asynccontextmanager
    async def first(self, message_id: str, kind: str) -> AsyncGenerator[MemoryStores | None]:
        before = set(self.done)
        async with super().first(message_id, kind) as stores:
            yield stores
        if not before:
            raise Unavailable("the connection is lost")


async def test_a8_an_effect_whose_answer_is_lost_is_not_had_again() -> None:
    inbox = CommitLost()
    message = await started(inbox)
    again = Message(message_id=message.message_id, subject=message.subject, body=message.body, attempts=1)
    await work(ListQueue(message, again), inbox)
    assert (message.settled, again.settled) == (["abandoned"], ["completed"])
    assert (status(inbox), inbox.titles) == (OperationStatus.DONE, ["a", "b"])


async def interrupted(inbox: MemoryInbox, message: Message, at: int) -> bool:
    """Handle a message and cancel that at a point; False when it ended before."""
    consumer = consumer_of(ListQueue(message), inbox)

    async def handle() -> None:
        await Interrupted(consumer.run(), at)

    try:
        await asyncio.create_task(handle())
    except asyncio.CancelledError:
        return True
    return False


async def test_a9_a_worker_cancelled_at_every_await_point_has_no_double_effect() -> None:
    at, given_back = 0, 0
    while True:
        inbox = MemoryInbox()
        message = await started(inbox)
        was_cancelled = await interrupted(inbox, message, at)
        again = Message(message_id=message.message_id, subject=message.subject, body=message.body, attempts=1)
        given_back += message.settled == ["abandoned"]
        if message.settled != ["completed"]:
            await work(ListQueue(again), inbox)
            assert again.settled == ["completed"]
        assert (status(inbox), inbox.titles) == (OperationStatus.DONE, ["a", "b"])
        if not was_cancelled:
            break
        at += 1
    assert at >= 3
    assert given_back >= 2


async def test_a29_a_message_of_an_earlier_release_is_still_worked_off() -> None:
    former, inbox = Message(body=msgspec.json.encode(IMPORT)), MemoryInbox()
    await work(ListQueue(former, await started(inbox)), inbox)
    assert (former.settled, inbox.titles) == (["completed"], ["a", "a", "b", "b"])


async def test_a29_what_a_later_release_adds_to_a_reference_is_passed_over() -> None:
    inbox = MemoryInbox()
    message = await started(inbox)
    message.body = msgspec.json.encode({**msgspec.json.decode(message.body), "later": 1})
    await work(ListQueue(message), inbox)
    assert (message.settled, inbox.titles) == (["completed"], ["a", "b"])


async def test_a29_a_request_that_this_release_does_not_understand_fails() -> None:
    inbox = MemoryInbox()
    message = await started(inbox, document={"tasks": [], "later": 1})
    await work(ListQueue(message), inbox)
    assert (message.settled, status(inbox)) == (["completed"], OperationStatus.FAILED)


def test_every_kind_is_listed_under_its_name() -> None:
    assert all(name == kind.name for name, kind in KINDS.items())
