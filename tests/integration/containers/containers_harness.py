"""What the tests of this folder share: specs of the test service, requests, and bounded waiting."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from localazure.containers.ingress import Ingress
from localazure.containers.revision import Revision
from localazure.containers.spec import ContainerSpec, Digest, Probe, ProbeKind, RevisionSpec

PORT = 8080
READINESS = Probe(
    kind=ProbeKind.READINESS, port=PORT, path="/ready", period_seconds=0.05, timeout_seconds=5, failure_threshold=1
)
LIVENESS = Probe(
    kind=ProbeKind.LIVENESS, port=PORT, path="/health", period_seconds=0.05, timeout_seconds=5, failure_threshold=2
)
STARTUP = Probe(kind=ProbeKind.STARTUP, port=PORT, period_seconds=0.05, timeout_seconds=5, failure_threshold=400)


class Front(NamedTuple):
    """An ingress and a client that trusts it."""

    ingress: Ingress
    client: aiohttp.ClientSession

    async def text(self, path: str) -> str:
        async with self.client.get(path) as response:
            assert response.status == 200
            return await response.text()


def container(digest: Digest, *args: str, probes: tuple[Probe, ...] = (STARTUP, READINESS)) -> ContainerSpec:
    return ContainerSpec(name="api", digest=digest, args=args, probes=probes, env={"GREETING": "hello"})


def revision_spec(*containers: ContainerSpec, **changes: Any) -> RevisionSpec:
    values: dict[str, Any] = {
        "app": "shop",
        "name": "shop--v1",
        "target_port": PORT,
        "max_replicas": 3,
        "termination_grace_seconds": 5,
        **changes,
    }
    return RevisionSpec(containers=containers, **values)


async def get(address: str, path: str) -> str:
    async with aiohttp.ClientSession() as client, client.get(f"http://{address}{path}") as response:
        return await response.text()


async def post(address: str, path: str, body: str = "") -> None:
    async with aiohttp.ClientSession() as client:
        try:
            async with client.post(f"http://{address}{path}", data=body):
                pass
        except aiohttp.ServerDisconnectedError:
            # A replica may end before it answers: told to exit, or stopping and free of its last request.
            assert path in ("/exit", "/release")


async def environment_of(revision: Revision) -> dict[str, str]:
    environment: dict[str, str] = json.loads(await get(revision.ready[0], "/env"))
    return environment


def logs_below(folder: Path, pattern: str = "*.log") -> list[str]:
    """What containers wrote, one text per log file."""
    return [path.read_text() for path in folder.rglob(pattern)]


async def eventually(condition: Callable[[], bool | Awaitable[bool]], *, seconds: float = 60) -> None:
    """Look until it holds; fail after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        outcome = condition()
        if outcome if isinstance(outcome, bool) else await outcome:
            return
        assert time.monotonic() < deadline, "did not happen in time"
        await asyncio.sleep(0.02)
