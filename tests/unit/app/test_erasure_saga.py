"""Erasure against everything that may happen beside it: a thousand orders, each drawn from a seed."""

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.data_tables import PERSONAL
from app.domain.erasure import OVERDUE, PersonalStore, carry_out, confirmation_of, is_overdue, person_of
from app.domain.errors import Erased, Unavailable
from app.domain.export import export_person
from app.domain.models import Principal
from app.domain.purposes import Purpose
from tests.unit.app.interleaving import Killed, run, step
from tests.unit.app.memory_privacy import (
    MemoryCache,
    MemoryErasures,
    MemoryOutbox,
    MemoryProcessing,
    MemoryRows,
    MemorySealer,
    MemoryShelf,
    MemoryTable,
    World,
)

ADA = Principal(issuer="https://issuer.test", subject="ada")
BOB = Principal(issuer="https://issuer.test", subject="bob")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CANARY = "canary-7f3a"


class Scene:
    """A person with a task, and all that may happen around their erasure."""

    def __init__(self, *, fenced: bool = True) -> None:
        self.world = World(pause=step)
        self.cache = MemoryCache(self.world)
        self.erasures = MemoryErasures(self.world)
        self.shelf = MemoryShelf(self.world, fenced=fenced)
        self.sealer = MemorySealer()
        self.stores: tuple[PersonalStore, ...] = (
            *(MemoryTable(self.world, table) for table in PERSONAL),
            MemoryOutbox(self.world),
            self.shelf,
            _Cached(self.cache),
        )
        for owner in (ADA, BOB):
            self.world.rows["tasks", owner].append(_task(owner))

    async def erase(self) -> None:
        erasure = await self.erasures.begin(ADA, now=NOW)
        await carry_out(self.erasures, erasure.id, self.stores, now=lambda: NOW)

    async def write(self) -> None:
        await self.world.insert(ADA, "tasks", **_task(ADA))

    async def export(self) -> None:
        async def progress(_percent: int) -> None:
            await step()

        await export_person(
            ADA,
            rows=MemoryRows(self.world),
            sealer=self.sealer,
            shelf=self.shelf,
            log=MemoryProcessing(),
            progress=progress,
            now=NOW,
        )

    async def send(self) -> None:
        """Order work by a message, as the outbox does: beside a fenced row."""
        async with self.world.unerased(ADA):
            await step()
            self.world.outbox.append(json.dumps({"owner": ADA.subject, "note": CANARY}))

    async def work(self) -> None:
        """Work a message off that a queue has had all the time."""
        await step()
        await self.world.insert(ADA, "events", **_row("events") | {"title": CANARY})

    async def look(self) -> None:
        """Read through the cache."""
        await self.cache.fill(ADA, lambda: list(self.world.rows["tasks", ADA]))

    def left(self) -> str:
        """Everything that anybody could still read of the person."""
        rows = [rows for (_, owner), rows in self.world.rows.items() if owner == ADA]
        exports = [_unpacked(content) for (owner, _), (_, content) in self.shelf.kept.items() if owner == ADA]
        return json.dumps([rows, exports, self.world.outbox, self.cache.read(ADA)], default=str)


def _unpacked(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [archive.read(name).decode() for name in archive.namelist()]


class _Cached:
    name = "cache"

    def __init__(self, cache: MemoryCache) -> None:
        self._cache = cache

    async def erase(self, owner: Principal) -> None:
        await self._cache.forget(owner)

    async def holds(self, owner: Principal) -> int:
        await self._cache.forget(owner)
        return 0


def _task(owner: Principal) -> dict[str, Any]:
    return _row("tasks") | {"title": f"{CANARY} {owner.subject}"}


def _row(table: str) -> dict[str, Any]:
    [columns] = [each.exported for each in PERSONAL if each.name == table]
    return dict.fromkeys(column.name for column in columns)


def play(seed: int, *, fenced: bool = True) -> tuple[Scene, list[BaseException]]:
    """Erase a person while everything happens at once, in the order of the seed, with crashes of the eraser."""
    scene = Scene(fenced=fenced)
    others = (scene.write(), scene.export(), scene.send(), scene.work(), scene.look(), scene.look())
    failures = run(seed, scene.erase(), *others, kill=0.02)
    if any(isinstance(failure, Killed) for failure in failures):
        run(seed, scene.erase())  # the message comes again
    return scene, failures


@pytest.mark.parametrize("hundred", range(10))
def test_a21_an_erasure_leaves_no_byte_in_any_of_a_thousand_orders(hundred: int) -> None:
    for seed in range(hundred * 100, hundred * 100 + 100):
        scene, failures = play(seed)
        assert {type(failure) for failure in failures} <= {Erased, Killed}, seed
        assert CANARY not in scene.left(), seed
        assert not scene.shelf.kept, seed
        erasure = scene.world.tombstones[person_of(ADA)]
        assert (erasure.owner, erasure.completed_at) == (None, NOW), seed
        assert scene.world.rows["tasks", BOB] == [_task(BOB)], seed


def test_a21_the_orders_are_bad_enough_to_find_an_export_that_is_not_fenced() -> None:
    assert any(play(seed, fenced=False)[0].shelf.kept for seed in range(1000))


def test_a21_the_orders_contain_writes_before_and_after_the_tombstone_and_crashes() -> None:
    ends = [{type(failure) for failure in play(seed)[1]} for seed in range(100)]
    assert any(Erased in end for end in ends)
    assert any(Killed in end for end in ends)
    assert any(Erased not in end for end in ends)


def test_an_erasure_that_is_killed_at_any_step_goes_on_and_does_no_step_twice_that_is_noted() -> None:
    for kills in range(60):
        scene = Scene()
        eraser = scene.erase()
        try:
            for _ in range(kills):
                eraser.send(None)
            eraser.throw(Killed())
        except (StopIteration, Killed):
            pass
        assert run(0, scene.erase()) == []
        erasure = scene.world.tombstones[person_of(ADA)]
        assert erasure.completed_at == NOW
        assert sorted(erasure.steps_done) == sorted({store.name for store in scene.stores})
        assert CANARY not in scene.left()


def test_a_receipt_tells_what_was_looked_through_and_not_who_it_was() -> None:
    scene = Scene()
    run(0, scene.erase())
    erasure = scene.world.tombstones[person_of(ADA)]
    assert erasure.receipt is not None
    assert set(erasure.receipt["erased_and_verified"]) == {store.name for store in scene.stores}
    assert ADA.subject not in {str(value) for value in (erasure.receipt or {}).values()}


def test_an_erasure_is_not_complete_while_a_store_fills_again() -> None:
    scene = Scene()

    class Leaking:
        name = "leaking"

        async def erase(self, owner: Principal) -> None: ...

        async def holds(self, owner: Principal) -> int:
            return owner == ADA

    scene.stores = (*scene.stores, Leaking())
    [failure] = run(0, scene.erase())
    assert isinstance(failure, Unavailable)
    assert "leaking" in str(failure)
    assert scene.world.tombstones[person_of(ADA)].completed_at is None


def test_an_erasure_is_overdue_after_25_days_and_only_while_it_is_not_complete() -> None:
    scene = Scene()
    run(0, scene.erasures.begin(ADA, now=NOW))
    erasure = scene.world.tombstones[person_of(ADA)]
    assert not is_overdue(erasure, now=NOW + OVERDUE - timedelta(seconds=1))
    assert is_overdue(erasure, now=NOW + OVERDUE)
    run(0, scene.erase())
    assert not is_overdue(scene.world.tombstones[person_of(ADA)], now=NOW + OVERDUE)


def test_the_word_of_confirmation_is_another_for_another_person() -> None:
    assert confirmation_of(ADA) != confirmation_of(BOB)
    assert "ada" not in confirmation_of(ADA)


def test_an_export_is_one_archive_with_a_manifest() -> None:
    scene = Scene()
    run(0, scene.export())
    [(_, content)] = scene.shelf.kept.values()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
        lines = archive.read("tasks.ndjson").splitlines()
    assert [json.loads(line)["title"] for line in lines] == [f"{CANARY} ada"]
    assert manifest["person"] == {"issuer": ADA.issuer, "subject": ADA.subject}
    assert {table["file"]: table["rows"] for table in manifest["tables"]}["tasks.ndjson"] == 1
    assert set(manifest["purposes"]) == {purpose.value for purpose in Purpose}
