"""`python -m app worker` against a broker and a database, by the official client and the protocol of identities."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from azure.servicebus import ServiceBusMessage, ServiceBusReceivedMessage, ServiceBusSubQueue, TransportType
from azure.servicebus.aio import ServiceBusClient

from app.contract import OPERATIONS_QUEUE, WorkerEnv
from app.storage.database import Database
from localazure.bus.broker import Broker
from localazure.bus.database import open_database
from localazure.bus.rules import Counts, QueueRules
from localazure.planes.tokens import Identity
from tests.integration.app.platform_parts import API, WORKER, Platform
from tests.integration.app.replica_process import WITHIN_S, Replica, Served, open_replica, run, serve
from tests.integration.bus.bus_harness import Credential
from tests.unit.app.issuer import open_issuer

pytestmark = pytest.mark.asyncio(loop_scope="module")

RULES = QueueRules(
    lock_seconds=60,
    max_delivery_count=5,
    ttl_seconds=100_000,
    dead_letter_on_expiry=True,
    duplicate_window_seconds=20,
    max_bytes=2 * 1024 * 1024,
)
CLAIMS = {API.object_id: "Send", WORKER.object_id: "Listen"}


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A queue, a migrated database, and what a worker of them finds in its environment."""

    broker: Broker
    replica: Replica
    database: Database

    def worker(self, **changes: str) -> AbstractAsyncContextManager[Served]:
        return serve("worker", {**self.replica.worker(self.broker.host), **changes})

    @asynccontextmanager
    async def client(self, identity: Identity) -> AsyncGenerator[ServiceBusClient]:
        async with ServiceBusClient(
            "127.0.0.1",
            Credential(tokens=self.replica.platform.signer, identity=identity),
            custom_endpoint_address=f"sb://{self.broker.host}",
            ssl_context=self.replica.platform.trust,
            transport_type=TransportType.Amqp,
        ) as client:
            yield client

    async def send(self, *messages: ServiceBusMessage) -> None:
        async with self.client(API) as client, client.get_queue_sender(OPERATIONS_QUEUE) as sender:
            for message in messages:
                await sender.send_messages(message)

    async def dead_letter(self) -> ServiceBusReceivedMessage:
        kind = ServiceBusSubQueue.DEAD_LETTER
        async with (
            self.client(WORKER) as client,
            client.get_queue_receiver(OPERATIONS_QUEUE, sub_queue=kind) as receiver,
        ):
            [message] = await receiver.receive_messages(1, max_wait_time=WITHIN_S)
            return message

    async def counted(self, holds: Callable[[Counts], bool]) -> None:
        """Wait until the counts of the queue are as they should be."""
        async with asyncio.timeout(WITHIN_S):
            while not holds(self.broker.counts(OPERATIONS_QUEUE)):  # noqa: ASYNC110 - another process changes them
                await asyncio.sleep(0.05)

    async def titles(self) -> list[str]:
        async with self.database.upkeep() as connection:
            return [row["title"] for row in await connection.fetch("select title from tasks order by title")]


@pytest_asyncio.fixture(loop_scope="module")
async def scene(platform: Platform, tmp_path: Path) -> AsyncGenerator[Scene]:
    async with AsyncExitStack() as stack:
        issuer = await stack.enter_async_context(open_issuer())
        replica = await stack.enter_async_context(open_replica(platform, issuer, tmp_path))
        done = await run("migrate", replica.migrate())
        assert done[0] == 0, done
        kept = open_database(tmp_path / "bus.db")
        stack.callback(kept.close)
        broker = Broker(authorize=lambda who, claim, _: CLAIMS.get(who) == claim, database=kept, tokens=platform.signer)
        await broker.start(platform.authority.server_context())
        stack.push_async_callback(broker.stop)
        broker.declare(OPERATIONS_QUEUE, RULES)
        login = platform.login(WORKER, "worker", replica.common[WorkerEnv.DATABASE_NAME])
        database = await stack.enter_async_context(Database.open(login))
        yield Scene(broker=broker, replica=replica, database=database)


def imported(*titles: str, message_id: str = "", subject: str = "tasks.import") -> ServiceBusMessage:
    """Make a message that orders an import."""
    order = {"owner": {"issuer": "i", "subject": "s"}, "tasks": [{"title": title} for title in titles]}
    return ServiceBusMessage(json.dumps(order), message_id=message_id or str(uuid4()), subject=subject)


def is_empty(counts: Counts) -> bool:
    return counts.active == 0


async def test_messages_are_worked_off_and_the_worker_ends_in_order(scene: Scene) -> None:
    await scene.send(imported("a", "b"))
    async with scene.worker() as worker:
        await scene.send(imported("c"))
        await scene.counted(is_empty)
        async with worker.http.get("/health/ready") as answer:
            assert (answer.status, (await answer.json())["checks"]) == (
                200,
                {"database": "ok", "queue": "ok"},
            )
        code, log = await worker.stop()
    assert code == 0
    assert await scene.titles() == ["a", "b", "c"]
    lines = [json.loads(line) for line in log.splitlines()]
    assert [line["outcome"] for line in lines if line["message"] == "message"] == ["done", "done"]


async def test_a_message_that_was_worked_off_changes_nothing_when_it_comes_again(scene: Scene) -> None:
    async with scene.database.connection() as connection:
        await connection.execute("insert into inbox (message_id, kind) values ('m-1', 'tasks.import')")
    await scene.send(imported("a", message_id="m-1"))
    async with scene.worker():
        await scene.counted(is_empty)
    assert await scene.titles() == []


async def test_poison_ends_in_the_dead_letter_queue_with_the_reason(scene: Scene) -> None:
    await scene.send(imported("a", subject="tasks.export"))
    async with scene.worker():
        await scene.counted(lambda counts: counts.dead_letters == 1 and counts.active == 0)
    message = await scene.dead_letter()
    assert message.dead_letter_reason == "UnknownSubject"
    assert message.dead_letter_error_description == "expected the subject tasks.import, got 'tasks.export'"


async def checked(worker: Served, name: str) -> str:
    """Ask readiness for the state of one check."""
    async with worker.http.get("/health/ready") as answer:
        return (await answer.json())["checks"][name]


async def test_a_message_waits_untouched_for_the_database(scene: Scene) -> None:
    await scene.send(imported("a"))
    async with scene.worker(DATABASE_HOST="127.0.0.1:1") as worker:
        assert (await checked(worker, "database"), await checked(worker, "queue")) == ("failed", "failed")
        _, log = await worker.stop()
    assert "nothing can be received" in log
    async with scene.worker() as worker:
        await scene.counted(is_empty)
        _, log = await worker.stop()
    [line] = [line for line in map(json.loads, log.splitlines()) if line["message"] == "message"]
    assert (line["outcome"], line["attempts"]) == ("done", 0)


async def test_a_message_waits_untouched_for_the_schema_of_the_release(scene: Scene) -> None:
    new = {WorkerEnv.DATABASE_NAME: await scene.replica.platform.new_database()}
    await scene.send(imported("a"))
    async with scene.worker(**new) as worker:
        assert await checked(worker, "queue") == "failed"
        done = await run("migrate", {**scene.replica.migrate(), **new})
        assert done[0] == 0, done
        await scene.counted(is_empty)
        _, log = await worker.stop()
    [line] = [line for line in map(json.loads, log.splitlines()) if line["message"] == "message"]
    assert (line["outcome"], line["attempts"]) == ("done", 0)


async def test_a_worker_starts_and_lives_without_its_queue(scene: Scene) -> None:
    async with scene.worker(SERVICE_BUS_HOST="127.0.0.1:1") as worker:
        async with worker.http.get("/health/ready") as answer:
            assert (answer.status, (await answer.json())["checks"]["queue"]) == (503, "failed")
        code, _ = await worker.stop()
    assert code == 0


async def test_many_workers_do_each_message_once(scene: Scene) -> None:
    titles = [f"{number:02}" for number in range(12)]
    await scene.send(*(imported(title) for title in titles))
    async with scene.worker(), scene.worker():
        await scene.counted(is_empty)
    assert await scene.titles() == titles
