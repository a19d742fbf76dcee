"""Operations, outbox and inbox in a real PostgreSQL, with row-level security."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
import pytest_asyncio

from app.contract import DELIVERIES_MAX, LOCK_MAX_S, MESSAGE_TTL_DAYS
from app.domain.errors import Erased, Invalid, NotFound
from app.domain.identifiers import time_ordered_id
from app.domain.models import Principal
from app.domain.operations import NewOperation, Operation, OperationStatus
from app.domain.outbox import Message
from app.jobs.migrate import DatabaseRole, migrate
from app.operations.catalog import KINDS
from app.queue.consumer import Consumer
from app.queue.operation_orders import OperationOrders
from app.storage.abandoned_operations import ABANDONED, AbandonedOperations
from app.storage.database import Database
from app.storage.inbox import PostgresInbox
from app.storage.operation_work import PostgresOperationWork
from app.storage.operations import PostgresOperations
from app.storage.outbox import PostgresOutbox
from app.telemetry.spans import SILENT
from app.telemetry.tracing import current, current_traceparent
from tests.integration.app.platform_parts import API, BACKUP_ROLE, MIGRATOR, WORKER, Platform
from tests.unit.app.memory_sealing import MemorySealer
from tests.unit.app.queue_parts import Interrupted, ListQueue
from tests.unit.app.queue_parts import Message as Delivery
from tests.unit.app.work_state import work_state

pytestmark = pytest.mark.asyncio(loop_scope="module")

WITHIN_S = 60
TASKS = '{"tasks":[{"title":"a"},{"title":"b"}]}'


@dataclass(frozen=True, kw_only=True)
class Stores:
    """A migrated database, as the API and as the worker."""

    api: Database
    worker: Database
    operations: PostgresOperations
    outbox: PostgresOutbox


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def stores(platform: Platform) -> AsyncGenerator[Stores]:
    name = await platform.new_database()
    services = [
        DatabaseRole(name="api", object_id=API.object_id),
        DatabaseRole(name="worker", object_id=WORKER.object_id, upkeep=True),
    ]
    await migrate(platform.login(MIGRATOR, "migrator", name), services=services, reader=BACKUP_ROLE)
    async with (
        Database.open(platform.login(API, "api", name)) as api,
        Database.open(platform.login(WORKER, "worker", name)) as worker,
    ):
        operations = PostgresOperations(api, MemorySealer(), lambda: None)
        yield Stores(api=api, worker=worker, operations=operations, outbox=PostgresOutbox(api))


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def empty(stores: Stores) -> None:
    async with stores.worker.upkeep() as connection:
        for table in ("operations", "outbox", "inbox", "tasks"):
            await connection.execute(f"delete from {table}")  # noqa: S608 - constants


def person(name: str) -> Principal:
    return Principal(issuer="https://issuer.test", subject=name)


ADA, BOB = person("ada"), person("bob")


def new(key: str | None = None, request: str = TASKS) -> NewOperation:
    now = datetime.now(UTC)
    return NewOperation(id=time_ordered_id(now), kind="tasks.import", request=request, key=key, now=now)


async def count(stores: Stores, table: str) -> int:
    async with stores.worker.upkeep() as connection:
        return await connection.fetchval(f"select count(*) from {table}")  # noqa: S608 - a constant


async def test_an_operation_is_kept_with_its_message_and_seen_by_its_person_only(stores: Stores) -> None:
    start = new()
    started = await stores.operations.start(ADA, start)
    assert await stores.operations.get(ADA, start.id) == started
    with pytest.raises(NotFound):
        await stores.operations.get(BOB, start.id)
    async with stores.outbox.batch(10) as messages:
        assert messages == [start.message(ADA)]
    assert await count(stores, "outbox") == 0


async def test_pages_go_from_the_newest_to_the_oldest(stores: Stores) -> None:
    ids = [(await stores.operations.start(ADA, new())).id for _ in range(3)]
    first = await stores.operations.page(ADA, limit=2, after=None)
    second = await stores.operations.page(ADA, limit=2, after=first.after)
    assert [one.id for one in first.operations + second.operations] == sorted(ids, reverse=True)
    assert second.after is None
    assert (await stores.operations.page(BOB, limit=2, after=None)).operations == ()


async def test_a8_starts_of_one_key_at_once_keep_one_operation_and_one_message(stores: Stores) -> None:
    started = await asyncio.gather(*(stores.operations.start(ADA, new("key")) for _ in range(12)))
    assert len({operation.id for operation in started}) == 1
    assert (await count(stores, "operations"), await count(stores, "outbox")) == (1, 1)
    with pytest.raises(Invalid, match="Idempotency-Key"):
        await stores.operations.start(ADA, new("key", '{"tasks":[{"title":"c"}]}'))
    await stores.operations.start(BOB, new("key", '{"tasks":[{"title":"c"}]}'))
    assert (await count(stores, "operations"), await count(stores, "outbox")) == (2, 2)


async def test_nothing_is_started_for_an_erased_person(stores: Stores) -> None:
    gone = person("gone")
    async with stores.worker.upkeep() as connection:
        await connection.execute(
            "insert into erasures (person, id, requested_at) values (person_of($1, $2), $3, now())",
            *(gone.issuer, gone.subject, new().id),
        )
    with pytest.raises(Erased):
        await stores.operations.start(gone, new())
    assert (await count(stores, "operations"), await count(stores, "outbox")) == (0, 0)


def message(session: str, number: int) -> Message:
    at = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(seconds=number)
    return Message(id=time_ordered_id(at), kind="k", body=str(number), session=session, created_at=at)


async def put(stores: Stores, *sessions: str) -> None:
    for number, session in enumerate(sessions):
        await stores.outbox.put(message(session, number))


async def test_a6_what_was_not_sent_stays(stores: Stores) -> None:
    await put(stores, "a", "b")
    with pytest.raises(RuntimeError, match="cut"):
        async with stores.outbox.batch(10):
            raise RuntimeError("cut")
    backlog = await stores.outbox.backlog()
    assert (backlog.depth, backlog.oldest_s > 0) == (2, True)


async def test_a6_replicas_share_the_outbox_and_keep_the_order_of_each_session(stores: Stores) -> None:
    await put(stores, "a", "b", "a", "c", "b", "a")
    async with stores.outbox.batch(1) as mine:
        assert [(one.session, one.body) for one in mine] == [("a", "0")]
        async with stores.outbox.batch(10) as theirs:
            assert [(one.session, one.body) for one in theirs] == [("b", "1"), ("c", "3"), ("b", "4")]
    async with stores.outbox.batch(10) as rest:
        assert [one.body for one in rest] == ["2", "5"]


async def test_a_message_is_kept_with_the_trace_at_hand(stores: Stores) -> None:
    with current(SILENT.begin("")):
        sent = current_traceparent()
        await put(stores, "a")
    async with stores.outbox.batch(10) as [mine]:
        assert (mine.traceparent, mine.session) == (sent, "a")


async def test_a29_a_message_that_an_earlier_release_keeps_beside_this_one_is_sent(stores: Stores) -> None:
    async with stores.api.connection() as connection:
        await connection.execute(
            "insert into outbox (id, kind, body, session, created_at) values ($1, 'k', '{}', 's', now())", new().id
        )
    async with stores.outbox.batch(10) as [theirs]:
        assert (theirs.body, theirs.traceparent) == ("{}", "")


async def test_a_message_that_holds_more_than_references_is_refused(stores: Stores) -> None:
    at = datetime.now(UTC)
    with pytest.raises(ValueError, match="it should refer"):
        await stores.outbox.put(Message(id=time_ordered_id(at), kind="k", body="x" * 1025, session="s", created_at=at))


async def worked_off(stores: Stores, delivery: Delivery, *, at: int | None = None) -> bool:
    """Handle a delivery, interrupted at a point if one is given; False when it ended before."""
    queue = ListQueue(delivery)
    operations = PostgresOperationWork(stores.worker, MemorySealer())
    readers = OperationOrders(operations=operations, state=work_state(lambda: datetime.now(UTC))).readers(KINDS)
    queue.consumer = Consumer(queue=queue, inbox=PostgresInbox(stores.worker), readers=readers, retry=0.001)

    async def handle() -> None:
        running = queue.consumer.run() if queue.consumer else None
        assert running
        await (running if at is None else Interrupted(running, at))

    try:
        async with asyncio.timeout(WITHIN_S):
            await asyncio.create_task(handle())
    except asyncio.CancelledError:
        return True
    return False


async def test_a9_work_cut_at_every_wait_for_the_database_has_its_effect_once(stores: Stores) -> None:
    at, was_cut = 0, True
    while was_cut:
        start = new()
        await stores.operations.start(ADA, start)
        sent = start.message(ADA)
        first, again = (
            Delivery(message_id=str(sent.id), subject=sent.kind, body=sent.body.encode(), attempts=attempts)
            for attempts in (0, 1)
        )
        was_cut = await worked_off(stores, first, at=at)
        if first.settled != ["completed"]:
            await worked_off(stores, again)
            assert again.settled == ["completed"], at
        operation = await stores.operations.get(ADA, start.id)
        assert (operation.status, operation.result) == (OperationStatus.DONE, {"tasks": 2}), at
        assert await count(stores, "tasks") == 2 * (at + 1), at
        at += 1
    assert at > 15  # connections, statements and the commit: the interruption met them all


RUN: Final = timedelta(hours=1)
ATTEMPT: Final = RUN + timedelta(seconds=LOCK_MAX_S)
QUEUE: Final = timedelta(days=MESSAGE_TTL_DAYS)


async def silent(stores: Stores, *, attempts: int, status: str = "running", owner: Principal = ADA) -> Operation:
    """Start an operation that nothing is heard of after this attempt; the queue has had its message."""
    start = new()
    await stores.operations.start(owner, start)
    async with stores.worker.upkeep() as connection:
        await connection.execute("delete from outbox")
        await connection.execute(
            "update operations set status = $2, attempts = $3 where id = $1", start.id, status, attempts
        )
    return await stores.operations.get(owner, start.id)


@pytest.mark.parametrize(
    ("status", "attempts", "after"),
    [
        ("waiting", 0, QUEUE + ATTEMPT),
        ("running", 1, QUEUE + ATTEMPT),
        ("running", DELIVERIES_MAX - 1, QUEUE + ATTEMPT),
        ("running", DELIVERIES_MAX, ATTEMPT),
    ],
)
async def test_a7_an_operation_has_failed_once_the_queue_has_no_attempt_or_no_time_left_for_it(
    stores: Stores, status: str, attempts: int, after: timedelta
) -> None:
    house = AbandonedOperations(stores.worker, longest_s=RUN.total_seconds())
    operation = await silent(stores, attempts=attempts, status=status)
    last_moment = operation.updated_at + after
    assert await house.end(now=last_moment) == 0
    assert await stores.operations.get(ADA, operation.id) == operation
    at = last_moment + timedelta(microseconds=1)
    assert await house.end(now=at) == 1
    seen = await stores.operations.get(ADA, operation.id)
    assert (seen.status, seen.problem, seen.updated_at) == (OperationStatus.FAILED, ABANDONED, at)
    assert await house.end(now=at + QUEUE * 2) == 0


async def test_a_message_that_was_put_back_counts_its_attempts_anew(stores: Stores) -> None:
    work = PostgresOperationWork(stores.worker, MemorySealer())
    operation = await silent(stores, attempts=DELIVERIES_MAX)
    assert await work.begin(ADA, operation.id, attempt=1, now=operation.updated_at) == TASKS
    house = AbandonedOperations(stores.worker, longest_s=RUN.total_seconds())
    assert await house.end(now=operation.updated_at + QUEUE + ATTEMPT) == 0


async def test_what_has_ended_or_waits_in_the_outbox_or_is_of_the_erased_is_not_abandoned(stores: Stores) -> None:
    gone = person("erased meanwhile")
    ended = [await silent(stores, attempts=DELIVERIES_MAX, status=status) for status in ("done", "failed")]
    await silent(stores, attempts=DELIVERIES_MAX, owner=gone)
    unsent = await stores.operations.start(ADA, new())
    async with stores.worker.upkeep() as connection:
        await connection.execute(
            "insert into erasures (person, id, requested_at) values (person_of($1, $2), $3, now())",
            *(gone.issuer, gone.subject, new().id),
        )
    house = AbandonedOperations(stores.worker, longest_s=RUN.total_seconds())
    assert await house.end(now=datetime.now(UTC) + QUEUE * 2) == 0
    for operation in [*ended, unsent]:
        assert await stores.operations.get(ADA, operation.id) == operation
