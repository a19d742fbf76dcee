"""The anchors of the audit trail: a real PostgreSQL, and the blob data plane by the official SDK."""

import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from backup_scene import SERVICE, Scene, open_scene

from app.domain.audit import AuditEvent
from app.domain.audit_chain import GENESIS, Head
from app.domain.errors import Unavailable
from app.storage.anchors import PREFIX, BrokenChainError, anchor_audit
from app.storage.audit import PostgresAuditTrail
from app.storage.audit_history import PostgresAuditHistory
from app.storage.blobs import BlobContainer
from app.storage.database import Database
from localazure.planes.tokens import Identity
from tests.integration.blob.blob_harness import content_of, names_in

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
API = Identity(client_id="c-api", object_id=SERVICE.object_id, resource_id="/api")


@dataclass(kw_only=True)
class Trail:
    """A trail of its own, in a container where what is anchored stays."""

    database: Database
    scene: Scene

    async def grow(self, count: int, *, noun: str = "plan") -> None:
        for number in range(count):
            await PostgresAuditTrail(self.database).record(
                AuditEvent(actor=None, action=f"{noun}.{number}", object="o", outcome="done", at=NOW)
            )

    async def anchor(self) -> Head:
        async with self.scene.place.backups() as client:
            return await anchor_audit(self.database, BlobContainer(client), NOW)

    async def names(self) -> list[str]:
        async with self.scene.place.backups() as client:
            return await names_in(client, name_starts_with=PREFIX)

    async def tamper(self, statement: str) -> None:
        tables = "audit_events", "audit_anchors"
        await self.scene.execute(";".join(f"alter table {table} disable trigger user" for table in tables))
        await self.scene.execute(statement)
        await self.scene.execute(";".join(f"alter table {table} enable trigger user" for table in tables))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def trail(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Trail]:
    async with AsyncExitStack() as stack:
        scene = await stack.enter_async_context(open_scene(tmp_path_factory.mktemp("state")))
        database = await stack.enter_async_context(Database.open(scene.login(API, "api")))
        yield Trail(database=database, scene=scene)


async def test_the_end_of_the_trail_is_anchored_once_and_noted(trail: Trail) -> None:
    assert await trail.anchor() == GENESIS
    assert await trail.names() == []
    await trail.grow(3)
    head = await trail.anchor()
    assert await trail.anchor() == head
    [name] = await trail.names()
    assert name == f"{PREFIX}{3:020}-{head.hash.hex()}.json"
    async with trail.scene.place.backups() as client:
        content = json.loads(await content_of(client, name))
    assert content == {"sequence": 3, "hash": head.hash.hex(), "at": NOW.isoformat()}
    assert await trail.scene.value("select place from audit_anchors") == name


async def test_an_anchor_that_was_written_and_not_noted_is_noted_by_the_next_run(trail: Trail) -> None:
    await trail.grow(2)
    await trail.anchor()
    await trail.tamper("delete from audit_anchors where sequence = 5")
    await trail.anchor()
    assert await trail.scene.value("select count(*) from audit_anchors") == 2
    assert len(await trail.names()) == 2


async def test_an_end_that_was_taken_away_with_its_note_is_told_by_the_blobs(trail: Trail) -> None:
    await trail.tamper(
        "create table kept as select * from audit_events; delete from audit_events where sequence > 4; "
        "delete from audit_anchors where sequence > 4"
    )
    report = await PostgresAuditHistory(trail.database).verify(last=100)
    assert report.verification.flaw is None  # the database by itself knows nothing of it
    with pytest.raises(BrokenChainError, match="breaks at entry 5: truncated"):
        await trail.anchor()
    await trail.tamper("insert into audit_events select * from kept where sequence > 4; drop table kept")
    assert (await trail.anchor()).sequence == 5


async def test_a_chain_that_was_made_anew_is_told_by_the_blobs_and_not_anchored(trail: Trail) -> None:
    await trail.tamper("create table kept as select * from audit_events; delete from audit_events")
    await trail.tamper("delete from audit_anchors")
    await trail.grow(7, noun="forged")
    with pytest.raises(BrokenChainError, match="breaks at entry 3: unlike_anchor"):
        await trail.anchor()
    assert len(await trail.names()) == 2
    await trail.tamper("delete from audit_events")
    await trail.tamper("insert into audit_events select * from kept; drop table kept")
    assert (await trail.anchor()).sequence == 5


async def test_an_edit_after_the_newest_anchor_is_told(trail: Trail) -> None:
    await trail.grow(3)
    await trail.tamper("update audit_events set outcome = 'refused' where sequence = 7")
    with pytest.raises(BrokenChainError, match="breaks at entry 7: edited"):
        await trail.anchor()
    await trail.tamper("update audit_events set outcome = 'done' where sequence = 7")
    assert (await trail.anchor()).sequence == 8


async def test_storage_that_refuses_is_unavailable_and_the_next_run_anchors(trail: Trail) -> None:
    await trail.grow(1)
    place = trail.scene.place
    async with place.client(resource="https://vault.azure.net") as service:
        container = BlobContainer(service.get_container_client("backups"))
        with pytest.raises(Unavailable):
            await anchor_audit(trail.database, container, NOW)
    assert (await trail.anchor()).sequence == 9
