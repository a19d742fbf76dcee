"""A person with a canary in every column: all of it is in the export, and none of it anywhere after the erasure."""

import io
import json
import logging
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.domain.data_map import Kind, Table
from app.domain.data_tables import PERSONAL
from app.domain.erasure import carry_out, person_of
from app.domain.errors import Erased, NotFound, Unavailable
from app.domain.export_values import plain
from app.domain.models import Principal
from app.domain.processing import EXPORT_MADE
from tests.integration.privacy.planted import canary, chat_of, insert, plant
from tests.integration.privacy.privacy_scene import NOW, Scene, person
from tests.schema_check import problems

pytestmark = pytest.mark.asyncio(loop_scope="module")

TASKS = next(table for table in PERSONAL if table.name == "tasks")


async def fetched(scene: Scene, owner: Principal, export_id: UUID) -> zipfile.ZipFile:
    found = await scene.exports.fetch(owner, export_id, now=NOW)
    content = b"".join([piece async for piece in found.pieces])
    assert len(content) == found.size
    return zipfile.ZipFile(io.BytesIO(content))


def lines_of(archive: zipfile.ZipFile, table: Table) -> list[dict[str, Any]]:
    return [json.loads(line) for line in archive.read(f"{table.name}.ndjson").splitlines()]


async def test_an_export_holds_every_column_of_the_data_map_opened_and_fits_its_own_schema(scene: Scene) -> None:
    ada, bob = person("ada-export"), person("bob-export")
    for owner in (ada, bob):
        await plant(scene.api, scene.sealer, owner)
    receipt = await scene.export(ada)
    archive = await fetched(scene, ada, receipt.export_id)
    for table in PERSONAL:
        [line] = lines_of(archive, table)
        assert line == {column.name: plain(canary(ada, table, column), column.kind) for column in table.exported}
        schema = json.loads(archive.read(f"schemas/{table.name}.json"))
        assert problems(line, schema, schema) == []
    manifest = json.loads(archive.read("manifest.json"))
    assert manifest["person"] == {"issuer": ada.issuer, "subject": ada.subject}
    assert manifest["unreadable"] == []
    assert receipt.rows == {table.name: 1 for table in PERSONAL}
    assert "bob" not in "".join(archive.read(name).decode() for name in archive.namelist())
    assert EXPORT_MADE in [entry.action for entry in (await scene.processing.page(ada, limit=9, after=None)).entries]


async def test_an_export_pages_through_many_rows_and_misses_none(scene: Scene) -> None:
    ada = person("ada-many")
    row = {column.name: canary(ada, TASKS, column) for column in TASKS.columns}
    for number in range(1, 8):
        await insert(
            scene.api, ada, "tasks", row | {"issuer": ada.issuer, "subject": ada.subject, "id": UUID(int=number)}
        )
    receipt = await scene.export(ada, batch=3)
    ids = [line["id"] for line in lines_of(await fetched(scene, ada, receipt.export_id), TASKS)]
    assert ids == [str(UUID(int=number)) for number in range(1, 8)]


async def test_an_export_in_storage_is_unreadable_without_the_persons_key(scene: Scene) -> None:
    ada = person("ada-sealed")
    await plant(scene.api, scene.sealer, ada)
    receipt = await scene.export(ada)
    [name] = [name for name in await scene.blobs() if str(receipt.export_id) in name]
    stored = await scene.container.read(name)
    assert b"PK" not in stored[:4]
    assert b"manifest.json" not in stored
    assert receipt.size == (await scene.exports.fetch(ada, receipt.export_id, now=NOW)).size


async def test_an_export_is_its_persons_alone_until_it_is_removed_or_a_day_old(scene: Scene) -> None:
    ada = person("ada-lifetime")
    receipt = await scene.export(ada)
    with pytest.raises(NotFound):
        await scene.exports.fetch(person("bob"), receipt.export_id, now=NOW)
    await scene.exports.fetch(ada, receipt.export_id, now=receipt.expires_at - timedelta(seconds=1))
    with pytest.raises(NotFound):
        await scene.exports.fetch(ada, receipt.export_id, now=receipt.expires_at)
    await scene.exports.remove(ada, receipt.export_id)
    await scene.exports.remove(ada, receipt.export_id)
    with pytest.raises(NotFound):
        await scene.exports.fetch(ada, receipt.export_id, now=NOW)


async def test_a_value_that_nobody_can_open_is_told_and_does_not_keep_back_the_others(scene: Scene) -> None:
    ada = person("ada-broken")
    await plant(scene.api, scene.sealer, ada)
    async with scene.api.connection(ada) as connection:
        await connection.execute("update profiles set email = display_name")
    archive = await fetched(scene, ada, (await scene.export(ada)).export_id)
    assert json.loads(archive.read("manifest.json"))["unreadable"] == ["profiles|email|ada-broken"]
    assert json.loads(archive.read("profiles.ndjson"))["email"] is None
    assert json.loads(archive.read("profiles.ndjson"))["display_name"] is not None


async def test_an_export_that_is_cut_off_leaves_nothing(scene: Scene) -> None:
    ada, export_id = person("ada-cut"), uuid4()

    async def archive() -> AsyncIterator[bytes]:
        yield b"a" * 5_000_000
        raise Unavailable("the database is gone")

    before = await scene.blobs()
    with pytest.raises(Unavailable):
        await scene.exports.keep(ada, export_id, archive(), now=NOW)
    assert await scene.blobs() == before


async def test_of_an_erased_person_nothing_is_left_in_any_table_blob_cache_or_log(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    ada, bob = person("ada-erased"), person("bob-erased")
    for owner in (ada, bob):
        await plant(scene.api, scene.sealer, owner)
        await scene.export(owner)
    await wait_outside_the_tables(scene, ada)
    before = await scene.everything()
    with caplog.at_level(logging.DEBUG):
        erasure = await scene.erasures.begin(ada, now=NOW)
        await carry_out(scene.erasures, erasure.id, scene.stores, now=lambda: NOW)
    after, found = await scene.everything(), await scene.erasures.find(ada)
    for trace in traces_of(ada):
        assert trace in before, trace
        assert trace not in after, trace
        assert trace not in caplog.text, trace
    assert [line for line in after.splitlines() if "bob-erased" in line] == [
        line for line in before.splitlines() if "bob-erased" in line
    ]
    blobs = await scene.blobs()
    assert not [name for name in blobs if person_of(ada).hex() in name]
    assert [name for name in blobs if person_of(bob).hex() in name]
    assert ada in scene.cache.forgotten
    assert ada in scene.sealer.forgotten
    assert found is not None
    assert (found.owner, found.completed_at) == (None, NOW)
    assert found.receipt is not None
    assert set(found.receipt["erased_and_verified"]) == {store.name for store in scene.stores}
    [event] = [event for event in scene.trail.events if event.about == ada]
    assert (event.action, event.object) == ("privacy.erase", f"erasure:{erasure.id}")


def traces_of(owner: Principal) -> list[str]:
    """What of a person could be found: names, and each canary as a dump shows it."""
    texts = [owner.subject]
    for table in PERSONAL:
        for column in (column for column in table.columns if column.name not in {"issuer", "subject"}):
            value = canary(owner, table, column)
            if column.kind is Kind.BYTES:
                texts.append(value.hex())
            elif column.kind is Kind.ID or (column.kind is Kind.TEXT and not column.sealed and owner.subject in value):
                texts.append(str(value))
    return texts


async def wait_outside_the_tables(scene: Scene, owner: Principal) -> None:
    """Let a message in the outbox and an update from Telegram wait for the person."""
    reference = json.dumps({"owner": {"issuer": owner.issuer, "subject": owner.subject}})
    async with scene.keeper.upkeep() as connection:
        await connection.execute("insert into outbox values ($1, 'k', $2, 's', now())", uuid4(), reference)
        await connection.execute("insert into outbox values ($1, 'k', '{}', 's', now())", uuid4())
        for chat in (chat_of(owner), 99):
            body = json.dumps({"chat": chat, "text": f"update-{chat}"})
            keep = "insert into telegram_updates values ($1, $2, now()) on conflict do nothing"
            await connection.execute(keep, chat, body)


async def test_an_erasure_takes_the_updates_of_the_linked_chat_and_no_others(scene: Scene) -> None:
    ada = person("ada-updates")
    await plant(scene.api, scene.sealer, ada)
    await wait_outside_the_tables(scene, ada)
    erasure = await scene.erasures.begin(ada, now=NOW)
    await carry_out(scene.erasures, erasure.id, scene.stores, now=lambda: NOW)
    async with scene.keeper.upkeep() as connection:
        waiting = {row["id"] for row in await connection.fetch("select id from telegram_updates")}
    assert 99 in waiting
    assert chat_of(ada) not in waiting


async def test_after_the_request_nothing_is_kept_and_reads_become_empty(scene: Scene) -> None:
    ada = person("ada-fenced")
    await plant(scene.api, scene.sealer, ada)
    erasure = await scene.erasures.begin(ada, now=NOW)
    assert await scene.erasures.begin(ada, now=NOW + timedelta(days=1)) == erasure
    with pytest.raises(Erased):
        await plant(scene.api, scene.sealer, ada)
    with pytest.raises(Erased):
        await scene.export(ada)
    await carry_out(scene.erasures, erasure.id, scene.stores, now=lambda: NOW)
    with pytest.raises(Erased):
        await plant(scene.api, scene.sealer, ada)
    assert (await scene.processing.page(ada, limit=1, after=None)).entries == ()


async def test_an_erasure_is_neither_begun_nor_ordered_when_it_cannot_be_audited(scene: Scene) -> None:
    ada = person("ada-unaudited")
    scene.trail.down = True
    try:
        with pytest.raises(Unavailable):
            await scene.erasures.begin(ada, now=NOW)
    finally:
        scene.trail.down = False
    assert await scene.erasures.find(ada) is None
    erasure = await scene.erasures.begin(ada, now=NOW)
    async with scene.keeper.upkeep() as connection:
        ordered = await connection.fetch(
            "select body from outbox where kind = 'privacy.erase' and session = $1", str(erasure.id)
        )
    assert [json.loads(row["body"]) for row in ordered] == [{"erasure": str(erasure.id)}]


class _Crash(Exception):  # noqa: N818 - what happens to a process
    pass


async def test_an_erasure_that_crashes_before_or_after_any_step_is_finished_by_the_next_attempt(scene: Scene) -> None:
    ada = person("ada-crash")
    await plant(scene.api, scene.sealer, ada)
    erasure = await scene.erasures.begin(ada, now=NOW)
    for number in range(len(scene.stores)):
        for is_after in (False, True):
            stores = [*scene.stores]
            stores[number] = _Crashing(stores[number], is_after=is_after)
            with pytest.raises(_Crash):
                await carry_out(scene.erasures, erasure.id, stores, now=lambda: NOW)
    await carry_out(scene.erasures, erasure.id, scene.stores, now=lambda: NOW)
    found = await scene.erasures.get(erasure.id)
    assert found.completed_at == NOW
    assert list(found.steps_done) == [store.name for store in scene.stores]
    assert "ada-crash" not in await scene.everything()


class _Crashing:
    def __init__(self, store: Any, *, is_after: bool) -> None:
        self._store = store
        self._is_after = is_after
        self.name = store.name

    async def erase(self, owner: Principal) -> None:
        if self._is_after:
            await self._store.erase(owner)
        raise _Crash

    async def holds(self, owner: Principal) -> int:
        return await self._store.holds(owner)
