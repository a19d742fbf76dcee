"""One replica of a revision: its init containers to their end, then its containers side by side."""

import asyncio
import secrets
import socket
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from localazure.containers.container import Container
from localazure.containers.images import Rootfs
from localazure.containers.spec import ContainerSpec, Digest, RevisionSpec

_PORTS: Final = range(20_000, 32_000)
"""Below the range of ports that the kernel gives to outgoing connections, so that none takes a replica's port."""


@dataclass(frozen=True, kw_only=True)
class ReplicaStatus:
    """What an operator asks about a replica."""

    name: str
    address: str | None
    ready: bool
    restarts: int
    in_flight: int
    trouble: str | None


class Replica:
    """Runs one replica.

    Attributes:
        name: `<revision>-<five random characters>`.
        address: `127.0.0.1:PORT` where it listens; None for a revision without a port.
        in_flight: requests that it is answering now.
    """

    def __init__(self, spec: RevisionSpec, *, images: Mapping[Digest, Rootfs], logs: Path) -> None:
        self.name = f"{spec.name}-{secrets.token_hex(3)[:5]}"
        self.in_flight = 0
        self._spec = spec
        self._images = images
        self._logs = logs / spec.app / spec.name
        self._port = None if spec.listening_port is None else free_port()
        self.address = None if self._port is None else f"127.0.0.1:{self._port}"
        self._containers: list[Container] = []
        self._supervision: list[asyncio.Task[None]] = []
        self._client: aiohttp.ClientSession | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def ready(self) -> bool:
        """Whether every container is ready."""
        return bool(self._containers) and all(container.ready for container in self._containers)

    @property
    def cpu_seconds(self) -> float:
        """CPU time of its running processes."""
        return sum(container.cpu_seconds for container in self._containers)

    @property
    def trouble(self) -> Container | None:
        """The first container that is not ready."""
        return next((container for container in self._containers if not container.ready), None)

    async def start(self) -> None:
        """Run the init containers, then the containers; return once all were ready. Stop it after any outcome.

        Raises:
            RevisionFailedError: a container ended, or failed its startup or liveness probe, before it was ready.
        """
        for spec in self._spec.init_containers:
            self._containers = [self._container(spec)]
            await self._containers[0].run_to_end()
        # A connection per probe: a pooled one would hide that nobody accepts any more.
        self._client = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        self._containers = [self._container(spec) for spec in self._spec.containers]
        self._supervision = [asyncio.create_task(each.supervise(self._client)) for each in self._containers]
        await asyncio.gather(*(container.first_ready for container in self._containers))

    async def stop(self) -> None:
        """Stop every container: SIGTERM, and SIGKILL after the grace period."""
        for task in self._supervision:
            task.cancel()
        await asyncio.gather(*self._supervision, return_exceptions=True)
        if self._client:
            await self._client.close()

    @contextmanager
    def serving(self) -> Generator[None]:
        """Count a request as in flight."""
        self.in_flight += 1
        self._idle.clear()
        try:
            yield
        finally:
            self.in_flight -= 1
            if not self.in_flight:
                self._idle.set()

    async def idle(self) -> None:
        """Wait until no request is in flight."""
        await self._idle.wait()

    def status(self) -> ReplicaStatus:
        """What an operator asks about it."""
        trouble = self.trouble
        return ReplicaStatus(
            name=self.name,
            address=self.address,
            ready=self.ready,
            restarts=sum(container.restarts for container in self._containers),
            in_flight=self.in_flight,
            trouble=None if self.ready else (trouble and trouble.trouble) or "starting",
        )

    def _container(self, spec: ContainerSpec) -> Container:
        rootfs = self._images[spec.digest]
        port = self._spec.listening_port
        return Container(
            spec,
            rootfs=rootfs,
            environment=self._environment(spec, rootfs),
            ports={} if port is None or self._port is None else {port: self._port},
            log=self._logs / f"{self.name}.{spec.name}.log",
            grace_seconds=self._spec.termination_grace_seconds,
        )

    def _environment(self, spec: ContainerSpec, rootfs: Rootfs) -> dict[str, str]:
        """All that a container sees; nothing of the daemon's own environment."""
        return {
            "PATH": f"{rootfs.python.parent}:/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            **rootfs.env,
            **spec.env,
            "HOST": "127.0.0.1",
            **({} if self._port is None else {"PORT": str(self._port)}),
            "CONTAINER_APP_NAME": self._spec.app,
            "CONTAINER_APP_REVISION": self._spec.name,
            "CONTAINER_APP_REPLICA_NAME": self.name,
        }


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on.

    Raises:
        OSError: none is free.
    """
    for _ in _PORTS:
        port = secrets.choice(_PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # only a listener counts
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise OSError(f"no free port from {_PORTS.start} to {_PORTS.stop}")
