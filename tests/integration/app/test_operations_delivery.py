"""Operations from the request to the result, through a real database and a real broker."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
import pytest_asyncio
from azure.servicebus import ServiceBusMessage

from app.contract import DELIVERIES_MAX, LOCK_MAX_S, OPERATIONS_QUEUE, REPLAY_OF, ApiEnv
from app.domain.identifiers import time_ordered_id
from app.domain.inbox import Keep, keep_nothing
from app.domain.outbox import Message
from app.operations.catalog import LONGEST_S
from app.queue.operation_orders import GIVEN_UP
from app.queue.orders import reader
from app.storage.abandoned_operations import ABANDONED, AbandonedOperations
from app.storage.operations import request_place
from app.storage.outbox import PostgresOutbox
from app.telemetry.spans import Span, Tracer
from app.telemetry.tracing import use
from tests.integration.app.operations_scene import (
    ADA,
    OPERATIONS,
    nothing_kept,
    nothing_unsealed,
    now,
    serve_api,
    someone_waits,
    work,
)
from tests.integration.app.platform_parts import WORKER, Platform
from tests.integration.app.queue_scene import RULES, Scene, imported, is_empty, open_scene
from tests.integration.app.replica_process import WITHIN_S, Served
from tests.integration.app.replica_process import serve as serve_role
from tests.unit.app.memory_sealing import MemorySealer

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOCK_S = 2
SHORT = replace(RULES, lock_seconds=LOCK_S)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def scene(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Scene]:
    """One scene for all tests: each looks at its own operations only, and leaves an empty queue."""
    async with open_scene(platform, tmp_path_factory.mktemp("operations"), SHORT) as made:
        yield made


async def test_an_operation_is_seen_to_run_and_to_end_with_its_result(scene: Scene) -> None:
    async with serve_api(scene) as api, work(scene):
        async with nothing_kept(scene):
            operation = await api.start("seen a", "seen b")
            await someone_waits(scene)
            assert (await api.seen(operation["id"]))["status"] == "running"
        done = await api.has_status(operation["id"], "done")
    assert (done["progress"], done["result"]) == (100, {"tasks": 2})
    assert {"seen a", "seen b"} <= set(await scene.titles())


async def test_the_worker_goes_on_with_the_trace_of_the_request_that_started_the_operation(scene: Scene) -> None:
    trace, spans = uuid4().hex, list[Span]()
    use(Tracer(percent=0, sink=spans.append))
    async with serve_api(scene) as api, work(scene):
        api.http.headers["traceparent"] = f"00-{trace}-b7ad6b7169203331-01"
        started = await api.start("traced")
        await api.has_status(started["id"], "done")
        await scene.counted(is_empty)
    [message] = [span for span in spans if span.kind == "consumer"]
    assert (message.name, message.trace_id, message.failed) == ("tasks.import", trace, False)
    calls = {span.name for span in spans if span.parent_id == message.span_id}
    assert "database" in calls


async def test_a8_requests_of_one_key_at_once_start_one_operation_that_is_done_once(scene: Scene) -> None:
    async with serve_api(scene) as api, work(scene):
        started = await asyncio.gather(*(api.start("once", key="the-key") for _ in range(8)))
        assert len({operation["id"] for operation in started}) == 1
        await api.has_status(started[0]["id"], "done")
        other = {"kind": "tasks.import", "input": {"tasks": [{"title": "another"}]}}
        async with api.http.post(OPERATIONS, json=other, headers={"Idempotency-Key": "the-key"}) as answer:
            assert answer.status == 422
        await scene.counted(is_empty)
    assert (await scene.titles()).count("once") == 1


async def sent_operations(scene: Scene) -> list[str]:
    """Look at the operations that the queue holds, in its order."""
    async with scene.client(WORKER) as client, client.get_queue_receiver(OPERATIONS_QUEUE) as receiver:
        messages = await receiver.peek_messages(100, sequence_number=1)
    return [json.loads(str(message))["operation"] for message in messages]


async def test_a6_what_was_accepted_without_a_queue_is_done_in_order_when_it_is_back(scene: Scene) -> None:
    authority, port = scene.replica.platform.authority, int(scene.broker.host.partition(":")[2])
    async with serve_api(scene) as api:
        await api.has_status((await api.start("before"))["id"], "waiting")
        await scene.counted(lambda counts: counts.active == 1)
        await scene.broker.stop()
        accepted = [(await api.start(f"down {number}"))["id"] for number in range(12)]
        async with asyncio.timeout(WITHIN_S):
            while not api.relay.failures:  # noqa: ASYNC110 - until it was tried
                await asyncio.sleep(0.02)
        await scene.broker.start(authority.server_context(), port)
        await scene.counted(lambda counts: counts.active == 13)
        assert (await sent_operations(scene))[1:] == accepted
        async with work(scene):
            for operation_id in accepted:
                await api.has_status(operation_id, "done")
        assert api.relay.backlog.depth == 0
    assert [title for title in await scene.titles() if title.startswith("down")] == sorted(
        f"down {number}" for number in range(12)
    )


async def test_a6_nothing_is_accepted_that_cannot_be_kept(scene: Scene) -> None:
    async with serve_api(scene) as api, scene.database.upkeep() as connection, connection.transaction():
        await connection.execute("lock table outbox in access exclusive mode")
        document = {"kind": "tasks.import", "input": {"tasks": [{"title": "lost"}]}}
        async with api.http.post(OPERATIONS, json=document) as answer:
            assert (answer.status, "Location" in answer.headers) == (503, False)
    async with scene.database.upkeep() as connection:
        assert await connection.fetchval("select count(*) from operations where status = 'waiting'") == 0


class Nothing(msgspec.Struct, frozen=True):
    """A body."""


async def test_work_that_takes_longer_than_the_lock_keeps_its_message(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    async def slow(_: Nothing) -> Keep:
        await asyncio.sleep(LOCK_S * 1.5)  # the time that a lock takes to end is what is tested
        return keep_nothing

    caplog.set_level("INFO", "app.queue")
    async with work(scene, {"slow": reader(Nothing, slow)}):
        await scene.send(ServiceBusMessage("{}", message_id="slow", subject="slow"))
        await scene.counted(lambda counts: counts.active == 1)
        await scene.counted(is_empty)
    [line] = [record for record in caplog.records if record.message == "message"]
    assert (line.__dict__["outcome"], line.__dict__["attempts"]) == ("done", 0)


async def test_a9_a_lock_lost_while_the_work_goes_on_has_no_double_effect(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "app.queue.consumer")
    authority, port = scene.replica.platform.authority, int(scene.broker.host.partition(":")[2])
    async with serve_api(scene) as api, work(scene):
        async with nothing_kept(scene):
            operation = await api.start("lock lost")
            await someone_waits(scene)
            await scene.broker.stop()
            await scene.broker.start(authority.server_context(), port)
        await api.has_status(operation["id"], "done")
        await scene.counted(is_empty)
    outcomes = [record.__dict__["outcome"] for record in caplog.records if record.message == "message"]
    assert outcomes == ["done", "done before"]
    assert (await scene.titles()).count("lock lost") == 1


async def test_a9_a_worker_killed_while_it_works_has_no_effect_and_the_next_one_finishes(scene: Scene) -> None:
    async with nothing_kept(scene), scene.worker() as worker:
        await scene.send(imported("killed a", "killed b"))
        await someone_waits(scene)
        worker.process.kill()
        await worker.process.wait()
    assert not [title for title in await scene.titles() if title.startswith("killed")]
    async with work(scene):
        await scene.counted(is_empty)
    assert [title for title in await scene.titles() if title.startswith("killed")] == ["killed a", "killed b"]


async def test_a10_a_worker_told_to_stop_settles_what_it_has_and_takes_nothing_more(scene: Scene) -> None:
    async with scene.worker() as worker:
        async with nothing_kept(scene):
            await scene.send(imported("at hand"), imported("not taken"))
            await someone_waits(scene)
            worker.process.terminate()
            await worker.says("no more messages are taken")
        code, log = await worker.ended()
    assert code == 0
    assert [line["outcome"] for line in map(json.loads, log.splitlines()) if line["message"] == "message"] == ["done"]
    assert [title for title in await scene.titles() if title in {"at hand", "not taken"}] == ["at hand"]
    assert scene.broker.counts(OPERATIONS_QUEUE).active == 1
    async with work(scene):
        await scene.counted(is_empty)


async def abandoned(scene: Scene, times: int) -> None:
    """Let the next message of the queue be given back so often."""
    async with scene.client(WORKER) as client, client.get_queue_receiver(OPERATIONS_QUEUE) as receiver:
        for _ in range(times):
            [message] = await receiver.receive_messages(1, max_wait_time=WITHIN_S)
            await receiver.abandon_message(message)


async def test_a7_an_operation_has_failed_whose_worker_was_killed_at_the_last_attempt(scene: Scene) -> None:
    house = AbandonedOperations(scene.database, longest_s=LONGEST_S)
    over = timedelta(seconds=LONGEST_S + LOCK_MAX_S)
    async with serve_api(scene) as api:
        started = await api.start("late after all")
        await abandoned(scene, DELIVERIES_MAX - 1)
        async with nothing_unsealed(scene), scene.worker() as worker:
            await someone_waits(scene)
            worker.process.kill()
            await worker.process.wait()
        await scene.counted(lambda counts: counts.dead_letters == 1 and counts.active == 0)
        silent = datetime.fromisoformat((await api.has_status(started["id"], "running"))["updated_at"])
        assert await house.end(now=silent + over) == 0
        assert await house.end(now=silent + over + timedelta(seconds=1)) == 1
        assert (await api.seen(started["id"]))["problem"] == ABANDONED
        [dead] = await scene.dead_letters()
        put_back = operation_message(json.loads(str(dead)))
        put_back.application_properties = {REPLAY_OF: str(dead.message_id)}
        await scene.send(put_back)
        async with work(scene):
            assert (await api.has_status(started["id"], "done"))["problem"] is None
            await scene.counted(is_empty)


def operation_message(reference: dict[str, object]) -> ServiceBusMessage:
    return ServiceBusMessage(json.dumps(reference), message_id=str(uuid4()), subject="tasks.import")


async def test_a8_a_dead_letter_that_was_put_back_twice_has_its_effect_once(scene: Scene) -> None:
    again = [imported("put back") for _ in range(2)]
    for message in again:
        message.application_properties = {REPLAY_OF: "the first id"}
    await scene.send(*again, imported("put back", message_id="the first id"))
    async with work(scene):
        await scene.counted(is_empty)
    assert (await scene.titles()).count("put back") == 1


async def checked(api: Served, name: str) -> tuple[int, str]:
    """Ask readiness for its status and the state of one check."""
    async with api.http.get("/health/ready") as answer:
        return answer.status, (await answer.json())["checks"][name]


async def test_a28_the_api_serves_without_its_queue_and_sends_what_waits_when_it_is_there(scene: Scene) -> None:
    authority, port = scene.replica.platform.authority, int(scene.broker.host.partition(":")[2])
    environ = {**scene.replica.api(), ApiEnv.SERVICE_BUS_HOST: scene.broker.host}
    await scene.broker.stop()
    async with serve_role("api", environ) as api:
        at = now()
        waiting = Message(id=time_ordered_id(at), kind="none", body="{}", session="s", created_at=at)
        await PostgresOutbox(scene.database).put(waiting)
        async with asyncio.timeout(WITHIN_S):
            while (await checked(api, "queue")) != (200, "degraded"):  # noqa: ASYNC110 - another process tries
                await asyncio.sleep(0.1)
        await scene.broker.start(authority.server_context(), port)
        await scene.counted(lambda counts: counts.active == 1)
        code, _ = await api.stop()
    assert code == 0
    async with work(scene):
        await scene.counted(is_empty)
    [dead] = await scene.dead_letters()
    assert dead.message_id == str(waiting.id)


async def test_a7_a_message_that_fails_again_and_again_is_a_dead_letter_and_delays_no_other(scene: Scene) -> None:
    async with serve_api(scene) as api, work(scene):
        await api.start("its model")
        async with scene.database.upkeep() as connection:
            await connection.execute(
                "insert into operations (issuer, subject, id, kind, status, progress, request, request_hash,"
                " created_at, updated_at) "
                "select issuer, subject, '00000000-0000-7000-8000-000000000000', kind, 'waiting', 0,"
                " 'sealed for nobody', request_hash, created_at, updated_at from operations limit 1"
            )
        owner = {"issuer": "https://issuer.test", "subject": "ada"}
        lost = operation_message({"owner": owner, "operation": "00000000-0000-7000-8000-000000000000"})
        await scene.send(lost)
        await scene.send(imported("poison", subject="tasks.lose"))
        await api.has_status((await api.start("not delayed"))["id"], "done")
        await scene.counted(lambda counts: counts.dead_letters == 2 and counts.active == 0)
        failed = await api.seen("00000000-0000-7000-8000-000000000000")
        assert (failed["status"], failed["problem"]) == ("failed", GIVEN_UP)
        async with scene.database.upkeep() as connection:  # the cause is mended
            sealed = await MemorySealer().seal(ADA, request_place(UUID(failed["id"])), '{"tasks": [{"title": "late"}]}')
            await connection.execute("update operations set request = $2 where id = $1", UUID(failed["id"]), sealed)
        put_back = operation_message({"owner": owner, "operation": "00000000-0000-7000-8000-000000000000"})
        put_back.application_properties = {REPLAY_OF: str(lost.message_id)}
        await scene.send(put_back)
        done = await api.has_status(failed["id"], "done")
        assert (done["problem"], done["result"]) == (None, {"tasks": 1})
    reasons = {message.dead_letter_reason for message in await scene.dead_letters(2)}
    assert reasons == {"MaxDeliveryCountExceeded", "UnknownSubject"}
