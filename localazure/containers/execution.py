"""One execution of a job: its container runs to its end, again after a failure, each time within its time."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from localazure.containers.images import ImageStore, Rootfs
from localazure.containers.process import ContainerProcess
from localazure.containers.spec import ContainerSpec

GRACE_SECONDS = 30.0
"""How long a container that is told to stop may take (learn.microsoft.com/azure/container-apps/jobs)."""


@dataclass(frozen=True, kw_only=True)
class ExecutionSpec:
    """What runs, and how often it may fail.

    Args:
        job: name of the job.
        name: name of the execution.
        timeout_seconds: how long one try may take.
        retry_limit: how often it is tried again.
    """

    job: str
    name: str
    container: ContainerSpec
    timeout_seconds: float
    retry_limit: int


@dataclass(frozen=True, kw_only=True)
class Try:
    """How one try ended: the exit code, or None when it ran out of time."""

    exit_code: int | None
    log: Path


async def execute(spec: ExecutionSpec, *, store: ImageStore, logs: Path) -> list[Try]:
    """Run a container until it succeeds or may not be tried again; every try in order.

    Raises:
        ContainersError: the image cannot be run.
        OSError: the program cannot be started.
    """
    rootfs = await store.unpack(spec.container.digest)
    tries: list[Try] = []
    while not tries or (tries[-1].exit_code != 0 and len(tries) <= spec.retry_limit):
        tries.append(await _try(spec, rootfs, number=len(tries) + 1, logs=logs))
    return tries


async def _try(spec: ExecutionSpec, rootfs: Rootfs, *, number: int, logs: Path) -> Try:
    container, replica = spec.container, f"{spec.name}-{number}"
    log = logs / spec.job / spec.name / f"{replica}.{container.name}.log"
    command = container.command or rootfs.entrypoint
    arguments = container.args or (() if container.command else rootfs.cmd)
    environment = {
        "PATH": f"{rootfs.python.parent}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        **rootfs.env,
        **container.env,
        "CONTAINER_APP_JOB_NAME": spec.job,
        "CONTAINER_APP_JOB_EXECUTION_NAME": spec.name,
        "CONTAINER_APP_REPLICA_NAME": replica,
    }
    process = await ContainerProcess.start((*command, *arguments), cwd=rootfs.path, environment=environment, log=log)
    try:
        async with asyncio.timeout(spec.timeout_seconds):
            return Try(exit_code=await process.wait(), log=log)
    except TimeoutError:
        return Try(exit_code=None, log=log)
    finally:
        await process.stop(grace_seconds=GRACE_SECONDS)
