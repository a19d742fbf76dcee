"""A revision: replicas of one template, grown and shrunk together, with requests spread over the ready ones."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from localazure.containers.errors import RevisionFailedError
from localazure.containers.images import ImageStore, Rootfs
from localazure.containers.process import log_tail
from localazure.containers.replica import Replica, ReplicaStatus
from localazure.containers.spec import Digest, RevisionSpec


@dataclass(frozen=True, kw_only=True)
class RevisionStatus:
    """What an operator asks about a revision."""

    app: str
    name: str
    ready: int
    replicas: tuple[ReplicaStatus, ...]


class Revision:
    """Runs the replicas of one revision.

    Attributes:
        spec: what it runs.
        called: set when a request waits for its first replica; whoever scales it clears it.
        held: requests that wait so.
        dealt: how often it was a replica's turn.
    """

    def __init__(self, spec: RevisionSpec, *, store: ImageStore, logs: Path) -> None:
        self.spec = spec
        self.called = asyncio.Event()
        self.held = 0
        self.dealt = 0
        self._store = store
        self._logs = logs
        self._images: dict[Digest, Rootfs] = {}
        self._replicas: list[Replica] = []
        self._leaving: list[Replica] = []
        self._endings: set[asyncio.Future[list[None]]] = set()
        self._scaling = asyncio.Lock()
        self._awake = asyncio.Event()
        self._awake.set()

    @property
    def ready(self) -> list[str]:
        """Addresses of the replicas that may receive requests now."""
        return [replica.address for replica in self._replicas if replica.ready and replica.address]

    @property
    def in_flight(self) -> int:
        """Requests that its replicas are answering now, those on their way out included."""
        return sum(replica.in_flight for replica in (*self._replicas, *self._leaving))

    @property
    def size(self) -> int:
        """How many replicas serve or start; those on their way out do not count."""
        return len(self._replicas)

    @property
    def is_asleep(self) -> bool:
        """Whether it was scaled to zero and has no ready replica yet."""
        return not self._awake.is_set()

    def cpu_seconds(self) -> dict[str, float]:
        """CPU time that each ready replica has used, by its name."""
        return {replica.name: replica.cpu_seconds for replica in self._replicas if replica.ready}

    async def wake(self, *, deadline: float) -> bool:
        """Call for the first replica, and wait until it is ready or the revision is stopped; False if in vain.

        Args:
            deadline: in seconds of the event loop's clock.
        """
        self.held += 1
        self.called.set()
        try:
            async with asyncio.timeout_at(deadline):
                return await self._awake.wait()
        except TimeoutError:
            return False
        finally:
            self.held -= 1

    def pick(self, *, other_than: Replica | None = None) -> Replica | None:
        """The ready replica whose turn it is; None if there is none."""
        ready = [each for each in self._replicas if each.ready and each.address and each is not other_than]
        if not ready:
            return None
        self.dealt += 1
        return ready[self.dealt % len(ready)]

    async def start(self, *, timeout_seconds: float, replicas: int = 1) -> None:
        """Unpack the images and start so many replicas, within the spec's limits; return when all are ready.

        Raises:
            ImageNotFoundError: a container names an unknown digest.
            RevisionFailedError: a replica failed, at once, or was not ready in time. Nothing is left running.
        """
        for container in (*self.spec.init_containers, *self.spec.containers):
            self._images[container.digest] = await self._store.unpack(container.digest)
        first = min(max(1, self.spec.min_replicas, replicas), self.spec.max_replicas)
        await self.scale(first, timeout_seconds=timeout_seconds)

    async def scale(self, replicas: int, *, timeout_seconds: float) -> None:
        """Start or stop replicas until there are `replicas`; return when new ones are ready.

        Those that go get no more requests, end the ones they have, and stop, which is not waited for.

        Raises:
            ValueError: the number is outside the spec's limits.
            RevisionFailedError: a new replica failed or was not ready in time; the ones before stay.
        """
        low, high = self.spec.min_replicas, self.spec.max_replicas
        if not low <= replicas <= high:
            raise ValueError(f"revision {self.spec.name}: {replicas} replicas, allowed {low} to {high}")
        async with self._scaling:
            if not replicas:  # from now on requests wait, for there is no replica any more
                self._awake.clear()
            self._retire(self._replicas[replicas:], drain_seconds=self.spec.termination_grace_seconds)
            missing = replicas - len(self._replicas)
            new = [Replica(self.spec, images=self._images, logs=self._logs) for _ in range(missing)]
            self._replicas += new
            try:
                await self._all_ready(new, timeout_seconds)
            except BaseException:
                await self._retire(new, drain_seconds=0)
                raise
            if replicas:
                self._awake.set()

    async def stop(self, *, drain_seconds: float | None = None) -> None:
        """Take every replica out of rotation, let requests in flight end, then SIGTERM, grace, SIGKILL.

        Waits for a `start` or `scale` under way; cancel that first to stop at once.

        Args:
            drain_seconds: how long requests in flight may take; the termination grace period unless given.
        """
        grace = self.spec.termination_grace_seconds
        async with self._scaling:
            self._retire(self._replicas, drain_seconds=grace if drain_seconds is None else drain_seconds)
            self._awake.set()  # who waits for a replica asks the route again
            await asyncio.gather(*self._endings)

    async def idle(self) -> None:
        """Wait until no request is in flight; bound it, since requests may keep coming while it is routed to."""
        while self.in_flight:
            await asyncio.gather(*(replica.idle() for replica in (*self._replicas, *self._leaving)))

    def status(self) -> RevisionStatus:
        """What an operator asks about it."""
        return RevisionStatus(
            app=self.spec.app,
            name=self.spec.name,
            ready=sum(replica.ready for replica in self._replicas),
            replicas=(
                *(replica.status() for replica in self._replicas),
                *(replace(replica.status(), ready=False, trouble="stopping") for replica in self._leaving),
            ),
        )

    async def _all_ready(self, replicas: list[Replica], timeout_seconds: float) -> None:
        try:
            async with asyncio.timeout(timeout_seconds), asyncio.TaskGroup() as starts:
                for replica in replicas:
                    starts.create_task(replica.start())
        except TimeoutError as error:
            raise _deadline_exceeded(replicas) from error
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    def _retire(self, replicas: list[Replica], *, drain_seconds: float) -> asyncio.Future[list[None]]:
        """Take replicas out of rotation at once; what is returned is done when they are gone."""
        self._replicas = [replica for replica in self._replicas if replica not in replicas]
        self._leaving += replicas
        ending = asyncio.gather(*(self._end(replica, drain_seconds) for replica in replicas))
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)
        return ending

    async def _end(self, replica: Replica, drain_seconds: float) -> None:
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(drain_seconds):
                    await replica.idle()
        finally:
            await replica.stop()
            self._leaving.remove(replica)


def _deadline_exceeded(replicas: list[Replica]) -> RevisionFailedError:
    ready = sum(replica.ready for replica in replicas)
    reason = f"Deployment Progress Deadline Exceeded. {ready}/{len(replicas)} replicas ready."
    culprit = next((container for replica in replicas if (container := replica.trouble)), None)
    if culprit is None:  # it became ready in the moment of the deadline
        return RevisionFailedError(reason)
    detail = culprit.trouble or f"Container '{culprit.spec.name}' is not ready"
    return RevisionFailedError(f"{reason} {detail}", log_tail=log_tail(culprit.log))
