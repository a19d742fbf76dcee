"""What tests of container apps share: everything that an app needs, with the service of `containers` as its image."""

import asyncio
import shutil
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp

from localazure.azure import Azure
from localazure.containers.images import ImageStore, build_image
from localazure.containers.scaler import Pace
from localazure.services.app import ContainerApp
from localazure.store import Record
from tests.unit.localazure.arm import create

APP = "app:ContainerApp"
SERVICE = Path(__file__).parents[2] / "integration" / "containers" / "service"
TEMPLATE_REFUSED = "InvalidParameterValueInContainerTemplate"
PORT = 8080
STARTUP = {"type": "Startup", "tcpSocket": {"port": PORT}, "periodSeconds": 0.05, "failureThreshold": 400}
READINESS = {"type": "Readiness", "httpGet": {"path": "/ready", "port": PORT}, "periodSeconds": 0.05}


def build(store: ImageStore, folder: Path) -> str:
    """The image reference of the test service."""
    shutil.copytree(SERVICE, folder / "service", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "service" / "version.txt").write_text("1")
    digest = build_image(
        repository_root=folder,
        store=store,
        report=lambda _: None,
        source=Path("service"),
        lock=Path("service/requirements.txt"),
    )
    return f"registry.azurecr.io/api@{digest}"


class Platform:
    """Everything that an app needs, and one app on it."""

    def __init__(self, azure: Azure, image: str, identity: Record, environment: Record) -> None:
        self.azure = azure
        self.environment = environment
        self.identity = identity
        self.image = image

    def inputs(self, *args: str, env: list[dict[str, str]] | None = None, **template: Any) -> dict[str, Any]:
        """The inputs of an app in single revision mode that runs the test service with these arguments."""
        container = {
            "name": "api",
            "image": self.image,
            "args": list(args),
            "env": env or [],
            "probes": [STARTUP, READINESS],
        }
        return {
            "environmentId": self.environment.id,
            "identity": {"type": "UserAssigned", "userAssignedIdentities": [self.identity.id]},
            "configuration": {
                "ingress": {"external": True, "targetPort": PORT},
                "registries": [{"identity": self.identity.id, "server": "registry.azurecr.io"}],
            },
            "template": {"containers": [container], "terminationGracePeriodSeconds": 5, **template},
        }

    async def create(self, *args: str, **template: Any) -> Record:
        return await create(self.azure, APP, **self.inputs(*args, **template))

    async def update(self, app: Record, *args: str, **template: Any) -> Record:
        return await self.azure.update(app.id, {**app.inputs, **self.inputs(*args, **template)})

    def shared(self, traffic: list[dict[str, Any]], *args: str, **template: Any) -> dict[str, Any]:
        """The same in multiple revision mode, with this traffic list."""
        inputs = self.inputs(*args, **template)
        inputs["configuration"] |= {"activeRevisionsMode": "Multiple"}
        inputs["configuration"]["ingress"] |= {"traffic": traffic}
        return inputs

    async def share(self, app: Record, traffic: list[dict[str, Any]], *args: str, **template: Any) -> Record:
        return await self.azure.update(app.id, {**app.inputs, **self.shared(traffic, *args, **template)})

    async def activate(self, app: Record, name: str, *, active: bool) -> None:
        apps = self.azure.type_of(APP)
        assert isinstance(apps, ContainerApp)
        await self.azure.act(app.id, lambda record: apps.activate(record, name, active=active))

    def revisions(self) -> dict[str, Any]:
        """What is said of each revision of the one app that runs."""
        [said] = [each for each in self.azure.statuses() if each["kind"] == "app"]
        return {revision["name"]: revision for revision in said["revisions"]}

    def pace(self, *, interval_seconds: float) -> None:
        """How often the scalers of apps that start from now on look."""
        apps = self.azure.type_of(APP)
        assert isinstance(apps, ContainerApp)
        apps.pace = Pace(interval_seconds=interval_seconds)

    def ready(self) -> list[bool]:
        """Whether each replica of the one app is ready."""
        return [replica["ready"] for revision in self.revisions().values() for replica in revision["replicas"]]

    async def get(self, app: Record, path: str, *, method: str = "GET") -> tuple[int, str]:
        return await self.ask(f"https://{app.outputs['configuration']['ingress']['fqdn']}{path}", method=method)

    async def ask(self, address: str, *, method: str = "GET") -> tuple[int, str]:
        tls = ssl.create_default_context(cafile=str(self.azure.runtime.authority.bundle))
        async with aiohttp.ClientSession() as client, client.request(method, address, ssl=tls) as answer:
            return answer.status, await answer.text()


async def until(condition: Callable[[], bool]) -> None:
    """Look until it holds; fail after a minute."""
    deadline = time.monotonic() + 60
    while True:
        if condition():
            return
        assert time.monotonic() < deadline, "did not happen in time"
        await asyncio.sleep(0.02)
