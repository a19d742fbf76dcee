"""Revisions: real processes of a small real service; what a real container isolates is not shown here."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from containers_harness import (
    LIVENESS,
    PORT,
    READINESS,
    STARTUP,
    container,
    environment_of,
    eventually,
    get,
    logs_below,
    post,
    revision_spec,
)

from localazure.containers.errors import ImageNotFoundError, RevisionFailedError
from localazure.containers.revision import Revision
from localazure.containers.spec import ContainerSpec, Digest, Probe, ProbeKind, RevisionSpec

MakeRevision = Callable[[RevisionSpec], Revision]


async def test_a_started_revision_answers_on_every_replica(digest: Digest, revision_of: MakeRevision) -> None:
    revision = revision_of(revision_spec(container(digest), min_replicas=2))

    await revision.start(timeout_seconds=20)

    assert len(set(revision.ready)) == 2
    assert [await get(address, "/version") for address in revision.ready] == ["1", "1"]


async def test_a_revision_that_exits_at_its_start_fails_at_once_with_its_last_words(
    digest: Digest, revision_of: MakeRevision
) -> None:
    revision = revision_of(revision_spec(container(digest, "exit", "3")))

    with pytest.raises(RevisionFailedError) as failed:
        await revision.start(timeout_seconds=3600)

    assert failed.value.reason == "Container 'api' was terminated with exit code '3'"
    assert failed.value.log_tail == ("going down",)
    assert revision.status().replicas == ()


async def test_without_probes_an_exit_at_the_start_still_fails_the_revision(
    digest: Digest, revision_of: MakeRevision
) -> None:
    revision = revision_of(revision_spec(container(digest, "exit", "3", probes=()), target_port=None))

    with pytest.raises(RevisionFailedError, match="exit code '3'"):
        await revision.start(timeout_seconds=3600)


async def test_without_probes_and_port_a_process_that_stays_is_ready(digest: Digest, revision_of: MakeRevision) -> None:
    revision = revision_of(revision_spec(container(digest, "idle", probes=()), target_port=None))

    await revision.start(timeout_seconds=20)

    assert (revision.status().ready, revision.ready) == (1, [])


async def test_a_program_that_does_not_exist_fails_the_revision(digest: Digest, revision_of: MakeRevision) -> None:
    revision = revision_of(revision_spec(replace(container(digest), command=("no-such-program",))))

    with pytest.raises(RevisionFailedError, match="exit code '127'") as failed:
        await revision.start(timeout_seconds=3600)

    assert failed.value.log_tail == ("exec no-such-program: No such file or directory",)


async def test_an_unknown_image_fails_before_anything_runs(revision_of: MakeRevision) -> None:
    revision = revision_of(revision_spec(container(Digest("sha256:beef"))))

    with pytest.raises(ImageNotFoundError):
        await revision.start(timeout_seconds=20)


async def test_a_revision_that_is_never_ready_fails_with_the_probe_that_said_so(
    digest: Digest, revision_of: MakeRevision
) -> None:
    never = replace(READINESS, path="/exhausted")
    wrong = replace(STARTUP, path="/ready", port=1, failure_threshold=2)
    cases = {
        "Container 'api' failed startup probe: connection refused": (wrong,),
        "Deployment Progress Deadline Exceeded. 0/1 replicas ready."
        " Container 'api' failed readiness probe: status code 503": (STARTUP, never),
    }
    for reason, probes in cases.items():
        spec = revision_spec(ContainerSpec(name="api", digest=digest, args=("failing", "/exhausted"), probes=probes))
        with pytest.raises(RevisionFailedError) as failed:
            await revision_of(spec).start(timeout_seconds=3)
        assert failed.value.reason == reason


async def test_a_container_that_crashes_later_is_restarted_on_its_port(
    digest: Digest, revision_of: MakeRevision
) -> None:
    revision = revision_of(revision_spec(container(digest)))
    await revision.start(timeout_seconds=20)
    [address] = revision.ready
    first = await get(address, "/pid")

    await post(address, "/exit", "7")
    await eventually(lambda: revision.status().replicas[0].restarts == 1 and bool(revision.ready))

    assert revision.ready == [address]
    assert await get(address, "/pid") != first


async def test_a_container_that_is_not_alive_is_restarted(digest: Digest, revision_of: MakeRevision) -> None:
    revision = revision_of(revision_spec(container(digest, probes=(STARTUP, LIVENESS, READINESS))))
    await revision.start(timeout_seconds=20)
    first = await get(revision.ready[0], "/pid")

    await post(revision.ready[0], "/fail", "/health")
    await eventually(lambda: revision.status().replicas[0].restarts == 1 and bool(revision.ready))

    assert await get(revision.ready[0], "/pid") != first


async def test_a_replica_that_is_not_ready_leaves_the_rotation_and_comes_back(
    digest: Digest, revision_of: MakeRevision
) -> None:
    revision = revision_of(revision_spec(container(digest), min_replicas=2))
    await revision.start(timeout_seconds=20)
    one, two = revision.ready

    await post(one, "/fail", "/ready")
    await eventually(lambda: revision.ready == [two])
    trouble = revision.status().replicas[0].trouble
    await post(one, "/heal", "/ready")
    await eventually(lambda: revision.ready == [one, two])

    assert trouble == "Container 'api' failed readiness probe: status code 503"
    assert [replica.restarts for replica in revision.status().replicas] == [0, 0]


async def test_a_startup_probe_holds_back_the_liveness_probe(digest: Digest, revision_of: MakeRevision) -> None:
    """A liveness probe that may fail only once would end the container while it is still starting."""
    impatient = replace(LIVENESS, failure_threshold=1)
    revision = revision_of(revision_spec(container(digest, probes=(STARTUP, impatient, READINESS))))

    await revision.start(timeout_seconds=20)

    assert revision.status().replicas[0].restarts == 0


async def test_init_containers_end_in_order_before_the_containers_start(
    digest: Digest, revision_of: MakeRevision, tmp_path: Path
) -> None:
    marks = [tmp_path / name for name in ("one", "two")]
    copy = "import sys, pathlib as p; p.Path(sys.argv[2]).write_text(p.Path(sys.argv[1]).read_text() + '2')"
    first = ContainerSpec(name="first", digest=digest, args=("mark", str(marks[0])))
    second = ContainerSpec(
        name="second", digest=digest, command=("python", "-c", copy), args=(str(marks[0]), str(marks[1]))
    )
    spec = revision_spec(container(digest, "after", str(marks[1])), init_containers=(first, second))

    await revision_of(spec).start(timeout_seconds=20)

    [log] = logs_below(tmp_path / "logs" / "shop" / "shop--v1", "*.api.log")
    assert "mark says 12" in log


async def test_an_init_container_that_fails_fails_the_revision(
    digest: Digest, revision_of: MakeRevision, tmp_path: Path
) -> None:
    migrate = ContainerSpec(name="migrate", digest=digest, args=("exit", "1"))
    revision = revision_of(revision_spec(container(digest), init_containers=(migrate,)))

    with pytest.raises(RevisionFailedError) as failed:
        await revision.start(timeout_seconds=3600)

    assert failed.value.reason == "Init container 'migrate' was terminated with exit code '1'"
    assert failed.value.log_tail == ("going down",)
    assert logs_below(tmp_path, "*.api.log") == []


async def test_a_container_sees_its_own_environment_and_nothing_of_the_daemon(
    digest: Digest, revision_of: MakeRevision
) -> None:
    revision = revision_of(revision_spec(container(digest)))
    await revision.start(timeout_seconds=20)

    environment = await environment_of(revision)

    status = revision.status().replicas[0]
    assert environment.pop("PATH").split(":", 1)[1] == "/usr/local/bin:/usr/bin:/bin"
    assert environment == {
        "CONTAINER_APP_NAME": "shop",
        "CONTAINER_APP_REPLICA_NAME": status.name,
        "CONTAINER_APP_REVISION": "shop--v1",
        "GREETING": "hello",
        "HOST": "127.0.0.1",
        "LANG": "C.UTF-8",
        "PORT": revision.ready[0].removeprefix("127.0.0.1:"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }


async def test_two_revisions_run_the_code_of_their_digests_side_by_side(
    build: Callable[[str], Digest], revision_of: MakeRevision
) -> None:
    revisions = [revision_of(revision_spec(container(build(version)))) for version in ("old", "new")]
    for revision in revisions:
        await revision.start(timeout_seconds=20)

    assert [await get(revision.ready[0], "/version") for revision in revisions] == ["old", "new"]


async def test_scaling_grows_and_shrinks_between_the_limits(digest: Digest, revision_of: MakeRevision) -> None:
    revision = revision_of(revision_spec(container(digest), min_replicas=0, max_replicas=3))
    await revision.start(timeout_seconds=20)
    [first] = revision.ready

    await revision.scale(3, timeout_seconds=20)
    grown = revision.ready
    await revision.scale(1, timeout_seconds=20)
    shrunk = revision.ready
    await revision.scale(0, timeout_seconds=20)

    assert (len(grown), shrunk, revision.ready) == (3, [first], [])
    with pytest.raises(ValueError, match="4 replicas, allowed 0 to 3"):
        await revision.scale(4, timeout_seconds=20)


async def test_a_stopped_revision_leaves_no_process_even_if_it_ignores_the_signal(
    digest: Digest, revision_of: MakeRevision
) -> None:
    revision = revision_of(revision_spec(container(digest, "stubborn"), termination_grace_seconds=0.2))
    await revision.start(timeout_seconds=20)
    process = psutil.Process(int(await get(revision.ready[0], "/pid")))

    await revision.stop()

    assert not process.is_running()
    assert revision.status().replicas == ()


async def test_processes_die_with_a_daemon_that_is_killed(digest: Digest, store_folder: Path, tmp_path: Path) -> None:
    here = Path(__file__).parent
    daemon = await asyncio.create_subprocess_exec(
        sys.executable,
        str(here / "daemon_to_kill.py"),
        *(str(store_folder / "images"), str(store_folder / "layers"), str(tmp_path), digest),
        env={"PYTHONPATH": str(here.parents[2])},
        stdout=asyncio.subprocess.PIPE,
    )
    assert daemon.stdout
    address = (await asyncio.wait_for(daemon.stdout.readline(), 20)).decode().strip()
    replica = psutil.Process(int(await get(address, "/pid")))

    daemon.kill()
    await daemon.wait()

    await eventually(lambda: not replica.is_running() or replica.status() == psutil.STATUS_ZOMBIE)


def test_a_specification_keeps_secrets_out_of_its_representation(digest: Digest) -> None:
    spec = revision_spec(ContainerSpec(name="api", digest=digest, env={"KEY": "hunter2"}))

    assert "hunter2" not in repr(spec)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"failure_threshold": 0}, "thresholds must be at least 1"),
        ({"period_seconds": 0}, "period and timeout must be above 0 s"),
        ({"success_threshold": 2}, "success threshold 2 must be 1"),
    ],
)
def test_an_impossible_probe_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Probe(kind=ProbeKind.LIVENESS, port=PORT, **values)


def test_an_impossible_revision_is_refused(digest: Digest) -> None:
    with pytest.raises(ValueError, match="replicas 3 to 2 must be within 0 to 1000"):
        revision_spec(container(digest), min_replicas=3, max_replicas=2)
    with pytest.raises(ValueError, match="distinct names"):
        revision_spec(container(digest), container(digest))
