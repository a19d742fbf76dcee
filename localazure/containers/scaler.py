"""Keeps the replicas of a serving revision in step with its load."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from localazure.containers.errors import ContainersError
from localazure.containers.revision import Revision
from localazure.containers.scaling import Load, Scaling
from localazure.containers.spec import QueueRule

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How fast a scaler acts; the defaults are Azure's.

    Attributes:
        interval_seconds: between two looks. Requests are counted every 15 s (learn.microsoft.com/azure/container-apps/
            scale-app, "HTTP"), the use of cores as well (kubernetes.io, horizontal pod autoscaling, sync period).
        stabilisation_seconds: how long fewer replicas must be enough before the others go (the same page, "Scale
            behavior").
        start_seconds: how long new replicas may take to become ready.
    """

    interval_seconds: float = 15
    stabilisation_seconds: float = 300
    start_seconds: float = 120


AZURE_PACE: Final = Pace()

Backlog = Callable[[QueueRule], int]
"""Counts the messages that wait in a queue. Raises ContainersError when it may not, or cannot."""


class Scaler:
    """Looks at a revision's load time and again, and scales it; at once when a request waits for the first replica.

    New replicas that fail leave those that serve alone; they are tried again an interval later.

    Args:
        revision: a started one.
        pace: how fast it acts.
        backlog: counts the messages of its rules on queues.
        clock: seconds that never go back.

    Attributes:
        revision: what it scales.
        trouble: why there are fewer replicas than wanted; None while there are not.
    """

    def __init__(
        self,
        revision: Revision,
        *,
        backlog: Backlog,
        pace: Pace = AZURE_PACE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.revision = revision
        self.trouble: str | None = None
        self._pace = pace
        self._backlog = backlog
        self._clock = clock
        self._scaling = Scaling(
            revision.spec,
            replicas=revision.size,
            now=clock(),
            stabilisation_seconds=pace.stabilisation_seconds,
        )
        self._dealt = revision.dealt
        self._cpu: tuple[float, Mapping[str, float]] = (clock(), {})
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look and scale in the background from now on."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Scale no more. Replicas that were about to start are stopped; the revision goes on with the others."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def look(self) -> None:
        """Look once, and scale if the load asks for it; return when new replicas are ready.

        While a queue cannot be read, there are as many replicas as before, as with KEDA.
        """
        revision, now = self.revision, self._clock()
        revision.called.clear()
        active, self._dealt = revision.dealt != self._dealt, revision.dealt
        try:
            messages = tuple(self._backlog(rule) for rule in revision.spec.rules.queues)
        except ContainersError as error:
            self.trouble = str(error)
            return
        load = Load(
            replicas=revision.size,
            requests=revision.in_flight + revision.held,
            active=active,
            messages=messages,
            busy=await self._busy(now),
        )
        wanted, self.trouble = self._scaling.wanted(load, now=now), None
        if wanted == load.replicas:
            return
        _log.info("%s: %s, scaling to %d replicas", revision.spec.name, load, wanted)
        try:
            await revision.scale(wanted, timeout_seconds=self._pace.start_seconds)
        except (ContainersError, OSError) as error:
            self.trouble = f"{wanted} replicas are wanted and {revision.size} run: {error}"
            _log.warning("%s: %s", revision.spec.name, self.trouble)

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pace.interval_seconds):
                    await self.revision.called.wait()
            await self.look()
            if self.trouble:  # a request that waits for the first replica must not start one failure after the other
                await asyncio.sleep(self._pace.interval_seconds)

    async def _busy(self, now: float) -> float | None:
        """The mean share of its declared cores that a replica has used since the look before."""
        spec = self.revision.spec
        if spec.rules.cpu_percent is None or not spec.cores:
            return None
        (since, before), used = self._cpu, await asyncio.to_thread(self.revision.cpu_seconds)
        self._cpu = (now, used)
        available = (now - since) * spec.cores
        # Nothing here holds a replica to its cores, as Azure does: more than all of them counts as all.
        shares = [min(1.0, max(0.0, used[name] - before[name]) / available) for name in used.keys() & before.keys()]
        return fmean(shares) if shares else None
