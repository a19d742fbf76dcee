"""One container of a replica: a process that is probed, and restarted when it ends or is not alive."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Final

import aiohttp

from localazure.containers.errors import RevisionFailedError
from localazure.containers.images import Rootfs
from localazure.containers.probes import verdicts
from localazure.containers.process import ContainerProcess, log_tail
from localazure.containers.spec import ContainerSpec, ProbeKind

_FIRST_BACK_OFF_SECONDS: Final = 0.2
_LAST_BACK_OFF_SECONDS: Final = 30.0
_STABLE_SECONDS: Final = 60.0  # running this long forgets earlier restarts
_SETTLE_SECONDS: Final = 1.0  # with no probe to say so: running this long counts as ready

_log = logging.getLogger(__name__)


class Container:
    """Runs one container spec in its unpacked image.

    Attributes:
        spec: what it runs.
        log: file with everything it wrote.
        ready: whether it may receive requests now.
        restarts: how often it was started again.
        trouble: why it last ended or was not ready; None while nothing went wrong.
        first_ready: done when it was ready once; fails with RevisionFailedError if it ended before that.
    """

    def __init__(
        self,
        spec: ContainerSpec,
        *,
        rootfs: Rootfs,
        environment: Mapping[str, str],
        ports: Mapping[int, int],
        log: Path,
        grace_seconds: float,
    ) -> None:
        self.spec = spec
        self.log = log
        self.ready = False
        self.restarts = 0
        self.trouble: str | None = None
        self.first_ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._rootfs = rootfs
        self._environment = environment
        self._ports = ports
        self._grace_seconds = grace_seconds
        self._process: ContainerProcess | None = None

    @property
    def cpu_seconds(self) -> float:
        """CPU time of the process that runs now; 0 while none does."""
        return self._process.cpu_seconds() if self._process else 0.0

    async def run_to_end(self) -> None:
        """Run once, as an init container.

        Raises:
            RevisionFailedError: it exited with a code other than 0.
        """
        process = await self._start()
        try:
            code = await process.wait()
        finally:
            await process.stop(grace_seconds=self._grace_seconds)
        if code != 0:
            raise self._failed(f"Init container '{self.spec.name}' was terminated with exit code '{code}'")

    async def supervise(self, client: aiohttp.ClientSession) -> None:
        """Keep it running until cancelled; then stop it within its grace period."""
        back_off = _FIRST_BACK_OFF_SECONDS
        while True:
            began = time.monotonic()
            self.trouble = await self._run_once(client)
            if not self.first_ready.done():
                self.first_ready.set_exception(self._failed(self.trouble))
            if time.monotonic() - began > _STABLE_SECONDS:
                back_off = _FIRST_BACK_OFF_SECONDS
            self.restarts += 1
            _log.warning("%s; restart %d in %.1f s; log: %s", self.trouble, self.restarts, back_off, self.log)
            await asyncio.sleep(back_off)
            back_off = min(2 * back_off, _LAST_BACK_OFF_SECONDS)

    async def _run_once(self, client: aiohttp.ClientSession) -> str:
        try:
            process = self._process = await self._start()
        except OSError as error:
            return f"Container '{self.spec.name}' could not be started: {error}"
        try:
            return await self._until_failure(process, client)
        finally:
            self.ready, self._process = False, None
            await process.stop(grace_seconds=self._grace_seconds)

    async def _start(self) -> ContainerProcess:
        command = self.spec.command or self._rootfs.entrypoint
        # A given command drops the image's arguments too, as in Kubernetes.
        arguments = self.spec.args or (() if self.spec.command else self._rootfs.cmd)
        return await ContainerProcess.start(
            (*command, *arguments), cwd=self._rootfs.path, environment=self._environment, log=self.log
        )

    async def _until_failure(self, process: ContainerProcess, client: aiohttp.ClientSession) -> str:
        ended = asyncio.create_task(process.wait())
        unhealthy = asyncio.create_task(self._until_unhealthy(client))
        try:
            await asyncio.wait({ended, unhealthy}, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                return f"Container '{self.spec.name}' was terminated with exit code '{ended.result()}'"
            return unhealthy.result()
        finally:
            ended.cancel()
            unhealthy.cancel()
            await asyncio.wait({ended, unhealthy})

    async def _until_unhealthy(self, client: aiohttp.ClientSession) -> str:
        async with aclosing(self._verdicts(ProbeKind.STARTUP, client)) as startup:
            if trouble := await anext(startup):
                return trouble
        if not (self.spec.probe(ProbeKind.STARTUP) or self.spec.probe(ProbeKind.READINESS)):
            await asyncio.sleep(_SETTLE_SECONDS)
        async with asyncio.TaskGroup() as group:
            readiness = group.create_task(self._follow_readiness(client))
            async with aclosing(self._verdicts(ProbeKind.LIVENESS, client)) as liveness:
                while not (trouble := await anext(liveness)):
                    pass
            readiness.cancel()
        return trouble

    async def _follow_readiness(self, client: aiohttp.ClientSession) -> None:
        async with aclosing(self._verdicts(ProbeKind.READINESS, client)) as readiness:
            async for trouble in readiness:
                self.trouble = trouble
                self.ready = trouble is None
                if self.ready and not self.first_ready.done():
                    self.first_ready.set_result(None)

    async def _verdicts(self, kind: ProbeKind, client: aiohttp.ClientSession) -> AsyncGenerator[str | None]:
        """Verdicts of the declared probe; where none is declared, healthy once and for all."""
        probe = self.spec.probe(kind)
        if probe is None:
            yield None
            await asyncio.Event().wait()  # ends by cancellation, with the process or the replica
            return
        port = self._ports.get(probe.port, probe.port)
        async with aclosing(verdicts(probe, port=port, client=client)) as results:
            async for trouble in results:
                yield trouble and f"Container '{self.spec.name}' failed {kind.lower()} probe: {trouble}"

    def _failed(self, reason: str) -> RevisionFailedError:
        return RevisionFailedError(reason, log_tail=log_tail(self.log))
