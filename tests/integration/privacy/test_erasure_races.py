"""A21 and A22 against a real database and real blobs."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Awaitable
from contextlib import suppress
from dataclasses import replace
from uuid import uuid4

import pytest
import pytest_asyncio

from app.domain.erasure import carry_out, person_of
from app.domain.errors import Erased, Unavailable
from app.domain.models import Principal
from app.domain.purposes import Purpose
from app.jobs.upkeep import keep_house
from app.storage.blob_streams import StreamedContainer
from app.storage.database import Transaction
from app.storage.erasure_ledger import FOLDER
from app.storage.processing import PostgresProcessingLog
from tests.integration.privacy.planted import plant
from tests.integration.privacy.privacy_scene import NOW, Scene, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCHEDULES = 24


class Race:
    """One person's erasure, with everything else at the same time, in the order of a seed."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self.scene = scene
        self.owner = Principal(issuer="https://issuer.test", subject=f"race-{seed}")
        self._draw = random.Random(seed)  # noqa: S311 - an order, not a secret

    async def run(self) -> None:
        await plant(self.scene.api, self.scene.sealer, self.owner)
        work = [self._write(), self._write(), self._export(), self._handle(), self._erase()]
        await asyncio.gather(*(self._start_later(one) for one in work))

    async def _start_later(self, work: Awaitable[None]) -> None:
        await asyncio.sleep(self._draw.random() * 0.03)
        with suppress(Erased):
            await work

    async def _write(self) -> None:
        for _ in range(20):
            await self.scene.processing.note(self.owner, Purpose.CHAT, f"late-{self.owner.subject}", NOW)

    async def _export(self) -> None:
        await self.scene.export(self.owner)

    async def _handle(self) -> None:
        """Do a message's work as the worker does: the note that it is done and its rows in one transaction."""
        async with self.scene.api.connection() as connection, connection.transaction():
            await connection.execute("insert into inbox (message_id, kind) values ($1, 'k')", str(uuid4()))
            log = PostgresProcessingLog(Transaction(connection))
            await log.note(self.owner, Purpose.CHAT, f"queued-{self.owner.subject}", NOW)
            reference = json.dumps({"owner": {"issuer": self.owner.issuer, "subject": self.owner.subject}})
            await connection.execute("insert into outbox values ($1, 'k', $2, 's', now())", uuid4(), reference)

    async def _erase(self) -> None:
        erasure = await self.scene.erasures.begin(self.owner, now=NOW)
        await carry_out(self.scene.erasures, erasure.id, self.scene.stores, now=lambda: NOW)


async def test_a21_writes_exports_and_messages_beside_an_erasure_leave_no_byte(scene: Scene) -> None:
    races = [Race(scene, seed) for seed in range(SCHEDULES)]
    for start in range(0, SCHEDULES, 4):
        await asyncio.gather(*(race.run() for race in races[start : start + 4]))
    assert "race-" not in await scene.everything()
    assert await scene.blobs() == []
    for race in races:
        found = await scene.erasures.find(race.owner)
        assert found is not None
        assert found.completed_at == NOW
        with pytest.raises(Erased):
            await scene.processing.note(race.owner, Purpose.CHAT, "after", NOW)


async def test_a21_an_export_that_was_read_before_the_erasure_does_not_appear_after_it(scene: Scene) -> None:
    ada = Principal(issuer="https://issuer.test", subject="slow-export")
    await plant(scene.api, scene.sealer, ada)

    async def archive() -> AsyncGenerator[bytes]:
        yield b"what was read before"
        erasure = await scene.erasures.begin(ada, now=NOW)
        await carry_out(scene.erasures, erasure.id, scene.stores, now=lambda: NOW)

    with pytest.raises(Erased):
        await scene.exports.keep(ada, uuid4(), archive(), now=NOW)
    assert await scene.blobs() == []


async def test_a21_an_erasure_waits_for_a_write_that_has_begun_and_erases_it(scene: Scene) -> None:
    ada = Principal(issuer="https://issuer.test", subject="slow-write")
    async with scene.api.connection(ada) as connection, connection.transaction():
        await PostgresProcessingLog(Transaction(connection)).note(ada, Purpose.CHAT, "slow", NOW)
        begun = asyncio.create_task(scene.erasures.begin(ada, now=NOW))
        waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        async with asyncio.timeout(5):
            while not await connection.fetchval(waiting):  # noqa: ASYNC110 - until the server has it in the queue
                await asyncio.sleep(0.01)
        assert not begun.done()
    erasure = await begun
    await carry_out(scene.erasures, erasure.id, scene.stores, now=lambda: NOW)
    assert "slow-write" not in await scene.everything()


@pytest_asyncio.fixture(loop_scope="module")
async def restored(stage: Stage) -> AsyncGenerator[Scene]:
    """Another database on the same containers: what an older backup is restored to."""
    async with stage.scene() as opened:
        yield opened


async def test_a22_who_was_erased_after_a_backup_is_erased_again_after_its_restore(
    scene: Scene, restored: Scene
) -> None:
    ada, bob, eve = (Principal(issuer="https://issuer.test", subject=f"{name}-a22") for name in ("ada", "bob", "eve"))
    for owner in (ada, bob):
        await plant(scene.api, scene.sealer, owner)
    for owner in (ada, eve):  # of eve nothing is in the backup
        await scene.work.erase((await scene.erasures.begin(owner, now=NOW)).id)
    assert "ada-a22" not in await scene.everything()
    told = await scene.archive.names(FOLDER)
    assert {f"{FOLDER}{person_of(owner).hex()}.json" for owner in (ada, eve)} <= set(told)
    assert b"ada-a22" not in await scene.archive.read(f"{FOLDER}{person_of(ada).hex()}.json")

    for owner in (ada, bob):
        await plant(restored.api, restored.sealer, owner)
    assert await keep_house(restored.house.chores())
    left = await restored.everything()
    assert "ada-a22" not in left
    assert left.count("bob-a22") > 9
    for owner in (ada, eve):
        found, before = await restored.erasures.find(owner), await scene.erasures.find(owner)
        assert found is not None
        assert before is not None
        assert (found.id, found.owner, found.requested_at) == (before.id, None, before.requested_at)
        assert found.completed_at is not None
        with pytest.raises(Erased):
            await plant(restored.api, restored.sealer, owner)
    assert await restored.ledger.replay(now=NOW) == 0
    assert await scene.archive.names(FOLDER) == told


async def test_a22_an_erasure_is_complete_only_when_the_ledger_tells_it_and_goes_on_until_then(
    stage: Stage, scene: Scene
) -> None:
    ada = Principal(issuer="https://issuer.test", subject="ada-untold")
    await plant(scene.api, scene.sealer, ada)
    erasure = await scene.erasures.begin(ada, now=NOW)
    async with stage.place.client(resource="https://vault.azure.net") as refused:
        archive = StreamedContainer(refused.get_container_client("backups"))
        for _ in range(2):
            with pytest.raises(Unavailable):
                await replace(scene.work, archive=archive).erase(erasure.id)
    found = await scene.erasures.get(erasure.id)
    assert (found.completed_at, found.steps_done[-1]) == (None, "subject_keys"), "the rows do not wait for the ledger"
    assert not await scene.ledger.tells(ada)
    for _ in range(2):
        await scene.work.erase(erasure.id)
    assert await scene.ledger.tells(ada)
    assert (await scene.erasures.get(erasure.id)).completed_at == NOW


async def test_a22_what_an_erasure_has_not_entered_itself_is_entered_by_the_upkeep_once(scene: Scene) -> None:
    ada = Principal(issuer="https://issuer.test", subject="ada-of-before")
    erasure = await scene.erasures.begin(ada, now=NOW)
    await scene.erasures.complete(erasure.id, {}, now=NOW)  # as a release did that entered nothing
    assert not await scene.ledger.tells(ada)
    assert await keep_house(scene.house.chores())
    assert await scene.ledger.tells(ada)
    assert await scene.ledger.enter_missing() == 0
