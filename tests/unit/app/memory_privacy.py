"""The ports of privacy in memory. Each pauses where a real one waits, so that a test may let others go first."""

import base64
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from app.domain.consents import Consent
from app.domain.data_map import Table, Terms
from app.domain.erasure import Erasure, person_of
from app.domain.errors import Erased, NotFound
from app.domain.export import LIFETIME, Fetched
from app.domain.identifiers import time_ordered_id
from app.domain.models import Principal
from app.domain.privacy import Privacy
from app.domain.processing import Processing, ProcessingPage
from app.domain.purposes import REGISTER, Purpose
from app.domain.retention import RetentionReport

Pause = Callable[[], Awaitable[None]]
REPORT = RetentionReport(as_of=datetime(2026, 11, 23, tzinfo=UTC), terms=Terms(chat=90, operation=30), due=())


async def no_pause() -> None:
    """Go on at once."""


@dataclass(kw_only=True)
class World:
    """All that is kept of people, and the fence of the erased around it."""

    pause: Pause = no_pause
    rows: dict[tuple[str, Principal], list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    outbox: list[str] = field(default_factory=list[str])
    tombstones: dict[bytes, Erasure] = field(default_factory=dict[bytes, Erasure])
    writers: int = 0

    @asynccontextmanager
    async def unerased(self, owner: Principal) -> AsyncGenerator[None]:
        """Hold the fence together with other writers."""
        await self.pause()
        if person_of(owner) in self.tombstones:
            raise Erased
        self.writers += 1
        try:
            yield
        finally:
            self.writers -= 1

    async def insert(self, owner: Principal, table: str, **row: Any) -> None:
        """Keep a row in a transaction."""
        async with self.unerased(owner):
            await self.pause()
            self.rows[table, owner].append(row)
            await self.pause()


class MemoryConsents:
    """The port `ConsentLedger`."""

    def __init__(self) -> None:
        self.entries: list[tuple[Principal, Consent]] = []

    async def add(self, owner: Principal, consent: Consent) -> Consent:
        self.entries.append((owner, consent))
        return consent

    async def current(self, owner: Principal) -> Sequence[Consent]:
        return tuple({consent.purpose: consent for who, consent in self.entries if who == owner}.values())


class MemoryProcessing:
    """The port `ProcessingLog`; `error` is why nothing can be noted."""

    def __init__(self) -> None:
        self.entries: list[tuple[Principal, Processing]] = []
        self.error: Exception | None = None

    async def note(self, owner: Principal, purpose: Purpose, action: str, at: datetime) -> None:
        if self.error:
            raise self.error
        basis = REGISTER[purpose].basis
        entry = Processing(id=time_ordered_id(at), purpose=purpose, basis=basis, action=action, at=at)
        self.entries.append((owner, entry))

    async def page(self, owner: Principal, *, limit: int, after: UUID | None) -> ProcessingPage:
        own = sorted((e for who, e in self.entries if who == owner), key=lambda e: e.id, reverse=True)
        older = [entry for entry in own if after is None or entry.id < after]
        entries = tuple(older[:limit])
        return ProcessingPage(entries=entries, after=entries[-1].id if len(older) > limit else None)


class MemoryErasures:
    """The ports `ErasureDesk` and `ErasureLedger`."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def begin(self, owner: Principal, *, now: datetime) -> Erasure:
        world, person = self._world, person_of(owner)
        while world.writers:
            await world.pause()
        if person not in world.tombstones:
            world.tombstones[person] = Erasure(
                id=uuid4(),
                person=person,
                owner=owner,
                steps_done=(),
                requested_at=now,
                completed_at=None,
                receipt=None,
            )
        return world.tombstones[person]

    async def find(self, owner: Principal) -> Erasure | None:
        return self._world.tombstones.get(person_of(owner))

    async def get(self, erasure_id: UUID) -> Erasure:
        await self._world.pause()
        for erasure in self._world.tombstones.values():
            if erasure.id == erasure_id:
                return erasure
        raise NotFound

    async def unfinished(self) -> Sequence[Erasure]:
        return [erasure for erasure in self._world.tombstones.values() if erasure.completed_at is None]

    async def note_step(self, erasure_id: UUID, step: str) -> None:
        await self._world.pause()
        erasure = await self.get(erasure_id)
        self._world.tombstones[erasure.person] = replace(erasure, steps_done=(*erasure.steps_done, step))

    async def complete(self, erasure_id: UUID, receipt: Mapping[str, Any], *, now: datetime) -> None:
        await self._world.pause()
        erasure = await self.get(erasure_id)
        done = replace(erasure, owner=None, receipt=receipt, completed_at=now)
        self._world.tombstones[erasure.person] = done


class MemoryRows:
    """The port `PersonalRows`."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def rows(self, owner: Principal, table: Table) -> AsyncIterator[Mapping[str, Any]]:
        for row in list(self._world.rows[table.name, owner]):
            await self._world.pause()
            yield row


class MemoryTable:
    """The store of one table."""

    def __init__(self, world: World, table: Table) -> None:
        self._world = world
        self.name = table.name

    async def erase(self, owner: Principal) -> None:
        await self._world.pause()
        self._world.rows.pop((self.name, owner), None)

    async def holds(self, owner: Principal) -> int:
        await self._world.pause()
        return len(self._world.rows[self.name, owner])


class MemoryOutbox:
    """The store `outbox`."""

    name = "outbox"

    def __init__(self, world: World) -> None:
        self._world = world

    async def erase(self, owner: Principal) -> None:
        await self._world.pause()
        self._world.outbox[:] = [body for body in self._world.outbox if owner.subject not in body]

    async def holds(self, owner: Principal) -> int:
        await self._world.pause()
        return sum(owner.subject in body for body in self._world.outbox)


class MemoryShelf:
    """The port `ExportShelf`, and the store `exports`."""

    name = "exports"

    def __init__(self, world: World, *, fenced: bool = True) -> None:
        self._world = world
        self._fenced = fenced
        self.kept: dict[tuple[Principal, UUID], tuple[datetime, bytes]] = {}

    async def keep(self, owner: Principal, export_id: UUID, archive: AsyncIterator[bytes], *, now: datetime) -> int:
        content = b"".join([piece async for piece in archive])
        if self._fenced:
            async with self._world.unerased(owner):
                await self._world.pause()
                self.kept[owner, export_id] = (now, content)
        else:
            await self._world.pause()
            self.kept[owner, export_id] = (now, content)
        return len(content)

    async def fetch(self, owner: Principal, export_id: UUID, *, now: datetime) -> Fetched:
        made_at, content = self.kept.get((owner, export_id), (now - LIFETIME, b""))
        if made_at + LIFETIME <= now:
            raise NotFound

        async def pieces() -> AsyncGenerator[bytes]:
            for start in range(0, len(content), 1000):
                yield content[start : start + 1000]

        return Fetched(size=len(content), pieces=pieces())

    async def remove(self, owner: Principal, export_id: UUID) -> None:
        await self._world.pause()
        self.kept.pop((owner, export_id), None)

    async def erase(self, owner: Principal) -> None:
        await self._world.pause()
        self.kept = {key: kept for key, kept in self.kept.items() if key[0] != owner}

    async def holds(self, owner: Principal) -> int:
        await self._world.pause()
        return sum(who == owner for who, _ in self.kept)


class MemoryCache:
    """The port `PersonCache`: answers under a version that forgetting raises."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.versions: dict[Principal, int] = defaultdict(int)
        self._answers: dict[tuple[Principal, int], Any] = {}

    async def fill(self, owner: Principal, read: Callable[[], Any]) -> None:
        """Keep what is read, under the version from before it was read."""
        version = self.versions[owner]
        await self._world.pause()
        answer = read()
        await self._world.pause()
        self._answers[owner, version] = answer

    def read(self, owner: Principal) -> Any:
        """Return what is cached."""
        return self._answers.get((owner, self.versions[owner]))

    async def forget(self, owner: Principal) -> None:
        await self._world.pause()
        self.versions[owner] += 1


class MemorySealer:
    """The port `Sealer`: turned letters, bound to person and place; without the person's key nothing opens."""

    def __init__(self) -> None:
        self.forgotten: set[Principal] = set()

    async def seal(self, owner: Principal, place: str, value: str) -> bytes:
        return base64.b85encode(f"{owner.subject}|{place}|{value}"[::-1].encode())

    async def unseal(self, owner: Principal, place: str, sealed: bytes) -> str:
        if owner in self.forgotten:
            raise Erased
        opened, bound = base64.b85decode(sealed).decode()[::-1], f"{owner.subject}|{place}|"
        if not opened.startswith(bound):
            raise ValueError(place)
        return opened.removeprefix(bound)

    async def forget(self, owner: Principal) -> None:
        self.forgotten.add(owner)


class MemoryStarter:
    """The port `OperationStarter`."""

    def __init__(self) -> None:
        self.started: list[tuple[Principal, str, Mapping[str, Any], str | None]] = []

    async def start(
        self,
        owner: Principal,
        kind: str,
        input: Mapping[str, Any],  # noqa: A002 - the port's
        idempotency_key: str | None,
    ) -> UUID:
        self.started.append((owner, kind, input, idempotency_key))
        return UUID(int=len(self.started))


class MemoryReports:
    """The port `RetentionReports`."""

    def __init__(self) -> None:
        self.report: RetentionReport | None = REPORT

    async def latest(self) -> RetentionReport:
        if self.report is None:
            raise NotFound
        return self.report


@dataclass(kw_only=True)
class MemoryPrivacy:
    """All of them around one world."""

    world: World = field(default_factory=World)
    consents: MemoryConsents = field(default_factory=MemoryConsents)
    processing: MemoryProcessing = field(default_factory=MemoryProcessing)
    starter: MemoryStarter = field(default_factory=MemoryStarter)
    reports: MemoryReports = field(default_factory=MemoryReports)
    shelf: MemoryShelf = field(init=False)

    def __post_init__(self) -> None:
        self.shelf = MemoryShelf(self.world)

    def ports(self) -> Privacy:
        """Return what routes reach."""
        return Privacy(
            consents=self.consents,
            erasures=MemoryErasures(self.world),
            exports=self.shelf,
            operations=self.starter,
            processing=self.processing,
            reports=self.reports,
        )
