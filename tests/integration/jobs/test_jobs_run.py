"""Jobs really run: as processes, to their end, by hand and by the clock."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jobs_harness import JOB, NIGHTLY, Workshop, environment_in, open_subscription, open_workshop, until

from localazure.services.job_history import ExecutionState
from tests.unit.localazure.arm import create, refused


async def test_a_job_that_is_started_runs_to_its_end_with_its_environment(workshop: Workshop) -> None:
    job = await workshop.job()
    done = await workshop.run(job)
    assert (done.status, done.exit_code, done.tries) == (ExecutionState.SUCCEEDED, 0, 1)
    [log] = done.logs
    seen = environment_in(log)
    assert seen["GREETING"] == "hi"
    assert seen["CONTAINER_APP_JOB_EXECUTION_NAME"] == done.name
    assert {"IDENTITY_ENDPOINT", "IDENTITY_HEADER"} <= seen.keys()
    assert "HOME" not in seen  # nothing of the daemon's own


async def test_a_job_is_tried_again_until_it_succeeds(workshop: Workshop, tmp_path: Path) -> None:
    job = await workshop.job("second", str(tmp_path / "mark"), replicaRetryLimit=3)
    done = await workshop.run(job)
    assert (done.status, done.tries, done.trouble) == (ExecutionState.SUCCEEDED, 2, None)


async def test_a_job_that_fails_is_tried_no_more_than_it_may_and_says_why(workshop: Workshop) -> None:
    job = await workshop.job("exit", "3", replicaRetryLimit=1)
    done = await workshop.run(job)
    assert (done.status, done.exit_code, done.tries, len(done.logs)) == (ExecutionState.FAILED, 3, 2, 2)
    assert done.trouble
    assert done.trouble.startswith("exit code 3\n")


async def test_a_job_that_does_not_end_in_time_is_stopped(workshop: Workshop, tmp_path: Path) -> None:
    job = await workshop.job("wait", str(tmp_path / "mark"), replicaTimeout=1)
    done = await workshop.run(job)
    assert (done.status, done.exit_code) == (ExecutionState.FAILED, None)
    assert done.trouble
    assert done.trouble.startswith("no end within 1 s")


async def test_a_job_starts_when_the_clock_says_so(workshop: Workshop) -> None:
    due = datetime(2026, 1, 1, 2, 30, tzinfo=UTC)
    workshop.jobs.clock = lambda: due - timedelta(seconds=0.1)
    job = await workshop.job(**NIGHTLY)
    assert workshop.jobs.executions(job.id) == ()
    workshop.jobs.clock = lambda: due
    await until(lambda: any(each.ended for each in workshop.jobs.executions(job.id)))
    [done] = workshop.jobs.executions(job.id)
    assert done.status == ExecutionState.SUCCEEDED


async def test_a_job_that_is_no_longer_scheduled_does_not_start(workshop: Workshop) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    workshop.jobs.clock = lambda: start
    job = await workshop.job(**NIGHTLY)
    await workshop.azure.update(job.id, {**job.inputs, **workshop.inputs()})
    workshop.jobs.clock = lambda: start + timedelta(days=1)
    assert (await workshop.run(job)).name == workshop.jobs.executions(job.id)[0].name
    assert len(workshop.jobs.executions(job.id)) == 1


async def test_the_status_says_when_it_starts_and_how_it_went(workshop: Workshop) -> None:
    job = await workshop.job("exit", "1")
    [said] = [each for each in workshop.azure.statuses() if each["kind"] == "job"]
    assert (said["cron"], said["last"]) == (None, None)
    done = await workshop.run(job)
    [said] = [each for each in workshop.azure.statuses() if each["kind"] == "job"]
    assert (said["last"]["name"], said["last"]["status"], said["last"]["exit_code"]) == (done.name, "Failed", 1)


async def test_deleting_a_job_stops_what_runs_of_it(workshop: Workshop, tmp_path: Path) -> None:
    job = await workshop.job("wait", str(tmp_path / "mark"))
    workshop.jobs.start(job.id)
    await until((tmp_path / "mark").exists)
    await workshop.azure.delete(job.id)
    with refused(404, "ResourceNotFound", job.id):
        workshop.jobs.start(job.id)
    assert (await workshop.job()).id == job.id
    assert workshop.jobs.executions(job.id) == ()


async def test_executions_are_remembered_and_one_that_was_broken_off_has_failed(state: Path, tmp_path: Path) -> None:
    async with open_workshop(state) as workshop:
        job = await workshop.job("wait", str(tmp_path / "mark"))
        name = workshop.jobs.start(job.id)
        await until((tmp_path / "mark").exists)
    async with open_subscription(state) as azure:
        [said] = [each for each in azure.statuses() if each["kind"] == "job"]
        assert (said["last"]["name"], said["last"]["status"]) == (name, "Failed")


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"environmentId": None}, "BadRequest", "'environmentId' is required"),
        ({"environmentId": "/nowhere"}, "ResourceNotFound", "/nowhere"),
        ({"identity": None}, "InvalidParameterValueInContainerTemplate", "UNAUTHORIZED"),
    ],
)
async def test_a_job_needs_what_it_refers_to(
    workshop: Workshop, change: dict[str, str | None], code: str, text: str
) -> None:
    inputs = {key: value for key, value in {**workshop.inputs(), **change}.items() if value is not None}
    with refused(404 if code == "ResourceNotFound" else 400, code, text):
        await create(workshop.azure, JOB, **inputs)
