"""The scaler: real replicas behind a real ingress; only the clock is the test's, so that no test waits for minutes."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from containers_harness import Front, container, eventually, get, post, revision_spec

from localazure.containers.errors import ContainersError
from localazure.containers.revision import Revision
from localazure.containers.scaler import Backlog, Pace, Scaler
from localazure.containers.spec import ContainerSpec, Digest, QueueRule, RevisionSpec, ScaleRules

MakeRevision = Callable[[RevisionSpec], Revision]
ONE_REQUEST = ScaleRules(concurrent_requests=1, cooldown_seconds=60)
WINDOW = 300


def no_queue(rule: QueueRule) -> int:
    raise AssertionError(rule)


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def serve(front: Front, revision_of: MakeRevision, clock: Clock) -> Callable[..., asyncio.Future[Scaler]]:
    """Starts a revision that serves alone, with a scaler that does not look on its own yet."""

    async def started(
        runs: ContainerSpec, *, pace: Pace | None = None, backlog: Backlog | None = None, **changes: Any
    ) -> Scaler:
        revision = revision_of(revision_spec(runs, **{"rules": ONE_REQUEST, **changes}))
        await revision.start(timeout_seconds=20)
        front.ingress.route([(100, revision)])
        return Scaler(revision, pace=pace or Pace(start_seconds=20), backlog=backlog or no_queue, clock=clock)

    return lambda *args, **kwargs: asyncio.ensure_future(started(*args, **kwargs))


Serve = Callable[..., asyncio.Future[Scaler]]


def slow_requests(front: Front, count: int) -> list[asyncio.Task[str]]:
    return [asyncio.create_task(front.text("/slow")) for _ in range(count)]


async def released(revision: Revision, slow: list[asyncio.Task[str]]) -> set[str]:
    for replica in revision.status().replicas:
        await post(replica.address or "", "/release")
    return set(await asyncio.gather(*slow))


async def test_requests_in_flight_add_replicas_and_calm_removes_them(
    front: Front, serve: Serve, digest: Digest, clock: Clock
) -> None:
    scaler = await serve(container(digest), min_replicas=1)
    revision = scaler.revision
    slow = slow_requests(front, 7)
    await eventually(lambda: revision.in_flight == 7)

    await scaler.look()
    grown = Counter([await front.text("/replica") for _ in range(9)])
    answers = await released(revision, slow)
    clock.now = WINDOW - 1
    await scaler.look()
    kept = len(revision.ready)
    clock.now = 2 * WINDOW
    await scaler.look()

    assert sorted(grown.values()) == [3, 3, 3]
    assert answers == {"released True"}
    assert (kept, len(revision.ready)) == (3, 1)


async def test_a_replica_that_is_removed_ends_its_requests_first(
    front: Front, serve: Serve, digest: Digest, clock: Clock
) -> None:
    scaler = await serve(container(digest), min_replicas=1, rules=ScaleRules())
    revision = scaler.revision
    await revision.scale(2, timeout_seconds=20)
    slow = slow_requests(front, 2)
    await eventually(lambda: revision.in_flight == 2)

    clock.now = WINDOW
    await scaler.look()
    during = revision.status()
    answers = await released(revision, slow)
    await eventually(lambda: len(revision.status().replicas) == 1)

    assert [(replica.in_flight, replica.ready, replica.trouble) for replica in during.replicas] == [
        (1, True, None),
        (1, False, "stopping"),
    ]
    assert answers == {"released True"}


async def test_requests_to_a_revision_without_replicas_wait_for_its_first_one(
    front: Front, serve: Serve, digest: Digest, clock: Clock
) -> None:
    scaler = await serve(container(digest), min_replicas=0, pace=Pace(interval_seconds=3600, start_seconds=20))
    clock.now = 60
    await scaler.look()
    ready = scaler.revision.ready

    scaler.start()
    answers = await asyncio.gather(*(front.text("/version") for _ in range(5)))
    await scaler.stop()

    assert ready == []
    assert answers == ["1"] * 5
    assert scaler.revision.size == 1


async def test_new_replicas_that_fail_leave_the_one_that_serves_and_are_tried_again(
    front: Front, serve: Serve, digest: Digest, tmp_path: Path
) -> None:
    needed = tmp_path / "needed"
    needed.touch()
    scaler = await serve(container(digest, "after", str(needed)), min_replicas=1)
    slow = slow_requests(front, 2)
    await eventually(lambda: scaler.revision.in_flight == 2)

    needed.unlink()
    await scaler.look()
    trouble, serving = scaler.trouble, await front.text("/replica")
    needed.touch()
    await scaler.look()

    assert trouble
    assert trouble.startswith("2 replicas are wanted and 1 run: Container 'api' was terminated with exit code '1'")
    assert serving == scaler.revision.status().replicas[0].name
    assert (scaler.trouble, len(scaler.revision.ready)) == (None, 2)
    assert await released(scaler.revision, slow) == {"released True"}


async def test_a_scaler_that_is_stopped_while_a_replica_starts_leaves_only_those_that_serve(
    front: Front, serve: Serve, digest: Digest, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    pace = Pace(interval_seconds=0.02, start_seconds=3600)
    scaler = await serve(container(digest, "after", str(gate)), min_replicas=1, pace=pace)
    gate.unlink()
    os.mkfifo(gate)  # who reads it waits for a writer that never comes
    slow = slow_requests(front, 2)

    scaler.start()
    await eventually(lambda: scaler.revision.size == 2)
    [starting] = [each for each in scaler.revision.status().replicas if not each.ready]
    await scaler.stop()

    assert starting.trouble == "starting"
    assert [each.ready for each in scaler.revision.status().replicas] == [True]
    alive = [each for each in psutil.Process().children() if each.status() != psutil.STATUS_ZOMBIE]
    assert len([each for each in alive if str(gate) in each.cmdline()]) == 1
    assert await released(scaler.revision, slow) == {"released True"}


async def test_busy_cores_add_a_replica(serve: Serve, digest: Digest, clock: Clock) -> None:
    rules = ScaleRules(concurrent_requests=None, cpu_percent=70)
    scaler = await serve(replace(container(digest), cpu=0.001), min_replicas=1, rules=rules)
    revision = scaler.revision
    await scaler.look()
    [(name, before)] = revision.cpu_seconds().items()

    async def used_some() -> bool:
        await get(revision.ready[0], "/version")
        return revision.cpu_seconds()[name] > before

    await eventually(used_some)
    clock.now = 1
    await scaler.look()
    busy = len(revision.ready)
    clock.now = 1e9
    await scaler.look()

    assert (busy, len(revision.ready)) == (2, 1)


async def test_replicas_follow_the_load_without_being_asked(front: Front, serve: Serve, digest: Digest) -> None:
    scaler = await serve(container(digest), min_replicas=1, pace=Pace(interval_seconds=0.02, start_seconds=20))
    slow = slow_requests(front, 3)

    scaler.start()
    await eventually(lambda: len(scaler.revision.ready) == 3)
    await scaler.stop()

    assert await released(scaler.revision, slow) == {"released True"}


async def test_messages_start_the_first_replica_and_their_end_removes_the_last(
    serve: Serve, digest: Digest, clock: Clock
) -> None:
    rule = QueueRule(namespace="bus", queue="operations", principal="worker", messages=20)
    waiting = {rule: 0}
    rules = ScaleRules(concurrent_requests=None, queues=(rule,), cooldown_seconds=60)
    scaler = await serve(container(digest), min_replicas=0, rules=rules, backlog=waiting.__getitem__)
    sizes: list[int] = []

    for messages, now in ((0, 60), (41, 75), (41, 90), (0, WINDOW + 100), (0, WINDOW + 200)):
        waiting[rule], clock.now = messages, now
        await scaler.look()
        sizes.append(scaler.revision.size)

    assert sizes == [0, 1, 3, 1, 0]


async def test_a_queue_that_cannot_be_read_is_named_and_nothing_is_scaled(
    serve: Serve, digest: Digest, clock: Clock
) -> None:
    def refused(rule: QueueRule) -> int:
        raise ContainersError(f"no claim on {rule.queue}")

    rules = ScaleRules(
        queues=(QueueRule(namespace="bus", queue="operations", principal="worker"),), cooldown_seconds=60
    )
    scaler = await serve(container(digest), min_replicas=0, rules=rules, backlog=refused)
    clock.now = 2 * WINDOW

    await scaler.look()

    assert (scaler.trouble, scaler.revision.size) == ("no claim on operations", 1)
