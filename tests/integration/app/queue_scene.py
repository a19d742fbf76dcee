"""A broker with the queue, a database, and what roles of the service find in their environment."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

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

    async def dead_letters(self, count: int = 1) -> list[ServiceBusReceivedMessage]:
        """Take so many dead letters."""
        kind = ServiceBusSubQueue.DEAD_LETTER
        async with (
            self.client(WORKER) as client,
            client.get_queue_receiver(OPERATIONS_QUEUE, sub_queue=kind) as receiver,
        ):
            found: list[ServiceBusReceivedMessage] = []
            while len(found) < count:
                for message in await receiver.receive_messages(count, max_wait_time=WITHIN_S):
                    await receiver.complete_message(message)
                    found.append(message)
            return found

    async def counted(self, holds: Callable[[Counts], bool]) -> None:
        """Wait until the counts of the queue are as they should be."""
        async with asyncio.timeout(WITHIN_S):
            while not holds(self.broker.counts(OPERATIONS_QUEUE)):  # noqa: ASYNC110 - another process changes them
                await asyncio.sleep(0.05)

    async def titles(self) -> list[str]:
        async with self.database.upkeep() as connection:
            return [row["title"] for row in await connection.fetch("select title from tasks order by title")]


@asynccontextmanager
async def open_scene(platform: Platform, folder: Path, rules: QueueRules = RULES) -> AsyncGenerator[Scene]:
    """Start a broker over a new, migrated database."""
    async with AsyncExitStack() as stack:
        issuer = await stack.enter_async_context(open_issuer())
        replica = await stack.enter_async_context(open_replica(platform, issuer, folder))
        done = await run("migrate", replica.migrate())
        assert done[0] == 0, done
        kept = open_database(folder / "bus.db")
        stack.callback(kept.close)
        broker = Broker(authorize=lambda who, claim, _: CLAIMS.get(who) == claim, database=kept, tokens=platform.signer)
        await broker.start(platform.authority.server_context())
        stack.push_async_callback(broker.stop)
        broker.declare(OPERATIONS_QUEUE, rules)
        login = platform.login(WORKER, "worker", replica.common[WorkerEnv.DATABASE_NAME])
        database = await stack.enter_async_context(Database.open(login))
        yield Scene(broker=broker, replica=replica, database=database)


def imported(*titles: str, message_id: str = "", subject: str = "tasks.import") -> ServiceBusMessage:
    """Make a message that orders an import."""
    order = {"owner": {"issuer": "i", "subject": "s"}, "tasks": [{"title": title} for title in titles]}
    return ServiceBusMessage(json.dumps(order), message_id=message_id or str(uuid4()), subject=subject)


def is_empty(counts: Counts) -> bool:
    return counts.active == 0
