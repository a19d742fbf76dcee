"""The API and a worker in this process, over a real database and a real broker; only the keys that seal are not."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

import aiohttp
import uvicorn
from azure.core.credentials_async import AsyncTokenCredential

from app.__main__ import SERVER
from app.api import create_api
from app.contract import OPERATIONS_QUEUE, WorkerEnv
from app.domain.models import Principal
from app.operations.catalog import KINDS
from app.queue.consumer import Consumer
from app.queue.operation_orders import OperationOrders
from app.queue.orders import Reader
from app.queue.relay import Relay
from app.queue.relaying import relaying
from app.queue.service_bus import ServiceBusQueue
from app.queue.service_bus_sender import ServiceBusSendQueue
from app.settings.groups import QueueSettings
from app.storage.database import Database
from app.storage.inbox import PostgresInbox
from app.storage.operation_work import PostgresOperationWork
from app.storage.operations import PostgresOperations
from app.storage.outbox import PostgresOutbox
from app.storage.tasks import PostgresTasks
from app.web.layers import Edge
from app.web.state import ApiState
from app.worker import running
from localazure.planes.tokens import Identity
from tests.integration.app.platform_parts import API, WORKER
from tests.integration.app.queue_scene import Scene
from tests.integration.app.replica_process import WITHIN_S
from tests.integration.bus.bus_harness import Credential
from tests.rig.serving import serving
from tests.unit.app.memory import Api
from tests.unit.app.memory_sealing import MemorySealer
from tests.unit.app.work_state import work_state

OPERATIONS = "/api/v1/operations"


def now() -> datetime:
    return datetime.now(UTC)


def credential(scene: Scene, identity: Identity) -> AsyncTokenCredential:
    return cast("AsyncTokenCredential", Credential(tokens=scene.replica.platform.signer, identity=identity))


def queue_of(scene: Scene) -> QueueSettings:
    return QueueSettings(host=scene.broker.host, name=OPERATIONS_QUEUE)


@asynccontextmanager
async def open_api_database(scene: Scene) -> AsyncGenerator[Database]:
    """Open the database as the API's identity."""
    login = scene.replica.platform.login(API, "api", scene.replica.common[WorkerEnv.DATABASE_NAME])
    async with Database.open(replace(login, statement_s=2.0)) as database:
        yield database


@dataclass(frozen=True, kw_only=True)
class Served:
    """A served API."""

    database: Database
    http: aiohttp.ClientSession
    relay: Relay

    async def start(self, *titles: str, key: str | None = None) -> dict[str, Any]:
        """Start an import."""
        document = {"kind": "tasks.import", "input": {"tasks": [{"title": title} for title in titles]}}
        headers = {} if key is None else {"Idempotency-Key": key}
        async with self.http.post(OPERATIONS, json=document, headers=headers) as answer:
            assert answer.status == 202, await answer.text()
            return await answer.json()

    async def seen(self, operation_id: str) -> dict[str, Any]:
        async with self.http.get(f"{OPERATIONS}/{operation_id}") as answer:
            return await answer.json()

    async def has_status(self, operation_id: str, status: str) -> dict[str, Any]:
        """Wait until an operation is that far."""
        async with asyncio.timeout(WITHIN_S):
            while (operation := await self.seen(operation_id))["status"] != status:  # noqa: ASYNC110 - another process changes it
                await asyncio.sleep(0.02)
            return operation


@asynccontextmanager
async def serve_api(scene: Scene) -> AsyncGenerator[Served]:
    """Serve the API to Ada."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_api_database(scene))
        tls = scene.replica.platform.trust
        queue = ServiceBusSendQueue(queue_of(scene), credential(scene, API), tls)
        relay = Relay(outbox=PostgresOutbox(database), queue=queue, retry=0.05)
        await stack.enter_async_context(relaying(relay))

        @asynccontextmanager
        async def open_state() -> AsyncGenerator[ApiState]:
            async with Api().open_state() as state:
                state["now"] = now
                state["operations"] = PostgresOperations(database, MemorySealer(), relay.wake)
                state["tasks"] = PostgresTasks(database)
                yield state

        config = uvicorn.Config(create_api(open_state, Edge()), port=0, **SERVER)
        port = await stack.enter_async_context(serving(uvicorn.Server(config)))
        headers = {"Authorization": "Bearer ada"}
        http = await stack.enter_async_context(aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers))
        yield Served(database=database, http=http, relay=relay)


def operation_readers(scene: Scene) -> Mapping[str, Reader]:
    """What a worker knows."""
    operations = PostgresOperationWork(scene.database, MemorySealer())
    return OperationOrders(operations=operations, state=work_state(now)).readers(KINDS)


@asynccontextmanager
async def work(scene: Scene, readers: Mapping[str, Reader] | None = None) -> AsyncGenerator[Consumer]:
    """Work the queue off."""
    consumer = Consumer(
        queue=ServiceBusQueue(queue_of(scene), credential(scene, WORKER), scene.replica.platform.trust, poll=0.2),
        inbox=PostgresInbox(scene.database),
        readers=readers or operation_readers(scene),
        retry=0.05,
    )
    async with running(consumer, stop_within=WITHIN_S):
        yield consumer


@asynccontextmanager
async def nothing_kept(scene: Scene) -> AsyncGenerator[None]:
    """Let whoever keeps a task wait for the end of the block."""
    async with scene.database.upkeep() as connection, connection.transaction():
        await connection.execute("lock table tasks in share mode")
        yield


@asynccontextmanager
async def nothing_unsealed(scene: Scene) -> AsyncGenerator[None]:
    """Let whoever looks for the key of a person wait for the end of the block."""
    async with scene.database.upkeep() as connection, connection.transaction():
        await connection.execute("lock table subject_keys in access exclusive mode")
        yield


async def someone_waits(scene: Scene) -> None:
    """Wait until somebody waits for the lock of `nothing_kept`."""
    async with asyncio.timeout(WITHIN_S), scene.database.upkeep() as connection:
        while not await connection.fetchval("select count(*) from pg_locks where not granted"):  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(0.02)


ADA = Principal(issuer="https://issuer.test", subject="ada")
