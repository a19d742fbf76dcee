"""Jobs as `make run` and `make status` see them: through the daemon's own door, with its own client."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from jobs_harness import Workshop, until

from localazure.client import Client
from localazure.control import control_app
from localazure.endpoints import Endpoints
from localazure.errors import StateError


@pytest.fixture
async def client(workshop: Workshop, tmp_path: Path) -> AsyncGenerator[Client]:
    """The client of a door that is open."""
    door = control_app(workshop.azure, secret="open", stop=lambda: None)
    server = TestServer(door, host="127.0.0.1")
    await server.start_server()
    ports = {"azure_native_port": 0, "language_port": 0, "random_port": 0}
    endpoints = Endpoints(pid=1, control_port=server.make_url("/").port or 0, secret="open", authority="", **ports)
    yield Client(tmp_path, endpoints)
    await server.close()


async def test_a_job_is_started_and_followed_through_the_door(workshop: Workshop, client: Client) -> None:
    job = await workshop.job("exit", "4")
    name = await asyncio.to_thread(client.run, job.id)
    await until(lambda: workshop.jobs.execution(job.id, name).ended is not None)
    said = await asyncio.to_thread(client.execution, job.id, name)
    assert (said["status"], said["exit_code"], said["tries"]) == ("Failed", 4, 1)


async def test_what_cannot_be_started_or_is_not_known_says_why(workshop: Workshop, client: Client) -> None:
    job = await workshop.job()
    with pytest.raises(StateError, match="nothing cannot be started: The Resource"):
        await asyncio.to_thread(client.run, f"{job.id}/nothing")
    with pytest.raises(StateError, match="Job execution 'none' was not found"):
        await asyncio.to_thread(client.execution, job.id, "none")


async def test_a_job_whose_role_was_taken_away_is_not_started(workshop: Workshop, client: Client) -> None:
    job = await workshop.job()
    [role] = workshop.azure.find("authorization:RoleAssignment")
    await workshop.azure.delete(role.id)
    with pytest.raises(StateError, match="UNAUTHORIZED"):
        await asyncio.to_thread(client.run, job.id)


async def test_the_status_shows_the_last_execution(workshop: Workshop, client: Client) -> None:
    job = await workshop.job()
    [before] = (await asyncio.to_thread(client.status))["running"]
    assert (before["kind"], before["last"]) == ("job", None)
    done = await workshop.run(job)
    [after] = (await asyncio.to_thread(client.status))["running"]
    assert (after["last"]["name"], after["last"]["status"], after["last"]["ended"]) == (
        done.name,
        "Succeeded",
        done.ended,
    )
