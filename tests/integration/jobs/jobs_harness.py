"""What the tests of this folder share: a subscription with an image, and jobs that run it."""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, cast

from localazure.azure import Azure
from localazure.containers.images import ImageStore, build_image
from localazure.runtime import Runtime
from localazure.services.app_job import Job
from localazure.services.catalog import TYPES
from localazure.services.job_history import Execution
from localazure.store import Record, Store
from localazure.subscription import TENANT_ID
from tests.unit.localazure.arm import ACR_PULL, create, grant

JOB: Final = "app:Job"
TASK: Final = Path(__file__).parent / "task"
NIGHTLY: Final = {"triggerType": "Schedule", "scheduleTriggerConfig": {"cronExpression": "30 2 * * *"}}


class Workshop:
    """Everything that a job needs."""

    def __init__(self, azure: Azure, image: str, identity: Record, environment: Record) -> None:
        self.azure = azure
        self.environment = environment
        self.identity = identity
        self.image = image

    @property
    def jobs(self) -> Job:
        """The behaviour of jobs."""
        return cast("Job", self.azure.type_of(JOB))

    def inputs(self, *args: str, **configuration: Any) -> dict[str, Any]:
        """The inputs of a job that runs the task with these arguments."""
        container = {
            "name": "task",
            "image": self.image,
            "args": list(args),
            "env": [{"name": "GREETING", "value": "hi"}],
        }
        return {
            "environmentId": self.environment.id,
            "identity": {"type": "UserAssigned", "userAssignedIdentities": [self.identity.id]},
            "configuration": {
                "triggerType": "Manual",
                "registries": [{"identity": self.identity.id, "server": "registry.azurecr.io"}],
                "replicaTimeout": 60,
                **configuration,
            },
            "template": {"containers": [container]},
        }

    async def job(self, *args: str, **configuration: Any) -> Record:
        """Create a job."""
        return await create(self.azure, JOB, **self.inputs(*args, **configuration))

    async def run(self, job: Record) -> Execution:
        """Start a job and wait for its end."""
        name = self.jobs.start(job.id)
        await until(lambda: self.jobs.execution(job.id, name).ended is not None)
        return self.jobs.execution(job.id, name)


@asynccontextmanager
async def open_subscription(state: Path) -> AsyncGenerator[Azure]:
    """Open the subscription of a state folder as the daemon does, and stop it at the end."""
    store = Store(state / "azure.json")
    async with Runtime.open(state, TENANT_ID, store) as runtime:
        azure = Azure(store, runtime, TYPES)
        await azure.recover()
        try:
            yield azure
        finally:
            await azure.stop()


@asynccontextmanager
async def open_workshop(state: Path) -> AsyncGenerator[Workshop]:
    """Open an empty subscription and make in it what a job needs."""
    async with open_subscription(state) as azure:
        image = _build(azure.runtime.images, state / "source")
        registry = await create(azure, "containerregistry:Registry")
        identity = await create(azure, "managedidentity:UserAssignedIdentity")
        environment = await create(azure, "app:ManagedEnvironment")
        await grant(azure, identity, ACR_PULL, registry)
        yield Workshop(azure, image, identity, environment)


def environment_in(log: str) -> dict[str, str]:
    """The environment that the task has written into its log."""
    return json.loads(Path(log).read_text(encoding="utf-8"))


def _build(store: ImageStore, folder: Path) -> str:
    shutil.copytree(TASK, folder / "task", ignore=shutil.ignore_patterns("__pycache__"))
    source, lock = Path("task"), Path("task/requirements.txt")
    digest = build_image(repository_root=folder, store=store, report=lambda _: None, source=source, lock=lock)
    return f"registry.azurecr.io/task@{digest}"


async def until(condition: Callable[[], bool], *, seconds: float = 60) -> None:
    """Look until it holds; fail after the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        await asyncio.sleep(0.02)
