"""`python -m app worker` against a broker and a database, by the official client and the protocol of identities."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from app.contract import WorkerEnv
from tests.integration.app.platform_parts import Platform
from tests.integration.app.queue_scene import Scene, imported, is_empty, open_scene
from tests.integration.app.replica_process import Served, run

pytestmark = pytest.mark.asyncio(loop_scope="module")
SOFT = dict.fromkeys(("cache", "vault", "telegram_bot_token"), "degraded")
"""What a worker can do without, and does here."""


@pytest_asyncio.fixture(loop_scope="module")
async def scene(platform: Platform, tmp_path: Path) -> AsyncGenerator[Scene]:
    async with open_scene(platform, tmp_path) as made:
        yield made


async def test_messages_are_worked_off_and_the_worker_ends_in_order(scene: Scene) -> None:
    await scene.send(imported("a", "b"))
    async with scene.worker() as worker:
        await scene.send(imported("c"))
        await scene.counted(is_empty)
        async with worker.http.get("/health/ready") as answer:
            assert (answer.status, (await answer.json())["checks"]) == (
                200,
                {**SOFT, "database": "ok", "queue": "ok"},
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
    [message] = await scene.dead_letters()
    assert message.dead_letter_reason == "UnknownSubject"
    assert (
        message.dead_letter_error_description
        == "expected the subject tasks.import, privacy.export, privacy.erase, telegram.update, got 'tasks.export'"
    )


async def checked(worker: Served, name: str) -> str:
    """Ask readiness for the state of one check."""
    async with worker.http.get("/health/ready") as answer:
        return (await answer.json())["checks"][name]


async def test_a28_a_message_waits_untouched_for_the_database(scene: Scene) -> None:
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


async def test_a29_a_message_waits_untouched_for_the_schema_of_the_release(scene: Scene) -> None:
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


async def test_a28_a_worker_starts_and_lives_without_its_queue(scene: Scene) -> None:
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
