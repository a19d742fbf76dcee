"""The API over ports in memory: what web tests drive."""

from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from starlette.testclient import TestClient
from starlette.types import ASGIApp

from app.api import create_api
from app.cache.answer import Answer, Found
from app.cache.answers import AnswerCache
from app.cache.keys import Namespace
from app.domain.chat import Chat
from app.domain.errors import Conflict, NotFound, Unauthenticated, Unavailable
from app.domain.events import REPEATED_MAX, Event, Place, Window
from app.domain.language import LanguageModel
from app.domain.leaving import Leaving
from app.domain.models import Principal, Role, Task, TaskFilter, TaskPage, TaskPlace
from app.domain.ports import TokenVerifier
from app.domain.profiles import Profile
from app.domain.seats import Seats
from app.domain.tasks import place_of
from app.limits.limiter import Limiter
from app.telemetry.spans import SILENT, Tracer
from app.web.checks import Check
from app.web.layers import Edge
from app.web.state import ApiState
from tests.unit.app.memory_audit import MemoryAudit
from tests.unit.app.memory_operations import MemoryOperations
from tests.unit.app.memory_privacy import MemoryPrivacy
from tests.unit.app.memory_talks import MemoryChat, MemoryDisclosures, MemoryTelegram, ScriptedModel

ADA = Principal(issuer="https://issuer.test", subject="ada")
BOB = Principal(issuer="https://issuer.test", subject="bob")
ROOT = Principal(issuer="https://issuer.test", subject="root", roles=frozenset({Role.ADMIN}))
ADDRESS = "https://service.test"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class MemoryTasks:
    """The port `TaskStore` in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[tuple[Principal, UUID], Task] = {}

    async def add(self, owner: Principal, task: Task) -> None:
        self.kept[owner, task.id] = task

    async def get(self, owner: Principal, task_id: UUID) -> Task:
        if (owner, task_id) not in self.kept:
            raise NotFound
        return self.kept[owner, task_id]

    async def page(
        self, owner: Principal, *, limit: int, after: TaskPlace | None, only: TaskFilter | None = None
    ) -> TaskPage:
        meant = only or TaskFilter()
        own = [task for (who, _), task in self.kept.items() if who == owner and meant.takes(task.content)]
        ordered = sorted(own, key=lambda t: (t.content.due, t.id) if meant.by_due else t.id, reverse=not meant.by_due)
        ids = [task.id for task in ordered]
        rest = ordered[ids.index(after.id) + 1 :] if after else ordered
        tasks = tuple(rest[:limit])
        return TaskPage(tasks=tasks, after=place_of(tasks[-1], meant) if len(rest) > limit else None)

    async def change(self, owner: Principal, task_id: UUID, edit: Callable[[Task], Task]) -> Task:
        self.kept[owner, task_id] = edit(await self.get(owner, task_id))
        return self.kept[owner, task_id]

    async def remove(self, owner: Principal, task_id: UUID, check: Callable[[Task], None]) -> None:
        check(await self.get(owner, task_id))
        del self.kept[owner, task_id]


class BrokenTasks(MemoryTasks):
    """Fails as the test says."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def get(self, owner: Principal, task_id: UUID) -> Task:
        with suppress(NotFound):
            await super().get(owner, task_id)
        raise self.error


class MemoryEvents:
    """The port `EventStore` in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[tuple[Principal, UUID], Event] = {}

    def of(self, owner: Principal) -> list[Event]:
        """Return a person's events, oldest first."""
        return sorted((event for (who, _), event in self.kept.items() if who == owner), key=lambda event: event.id)

    async def add(self, owner: Principal, event: Event) -> None:
        self._keep(owner, [event])

    async def get(self, owner: Principal, event_id: UUID) -> Event:
        if (owner, event_id) not in self.kept:
            raise NotFound
        return self.kept[owner, event_id]

    async def within(
        self, owner: Principal, window: Window, *, limit: int, after: Place | None
    ) -> tuple[Sequence[Event], Sequence[Event]]:
        own = [event for event in self.of(owner) if event.content.starts_at < window.before]
        once = sorted(
            (event for event in own if not event.content.recurrence and event.content.ends_at >= window.since),
            key=lambda event: (event.content.starts_at, event.id),
        )
        behind = [event for event in once if after is None or (event.content.starts_at, event.id) > after]
        return behind[:limit], [event for event in own if event.content.recurrence]

    async def batch(self, owner: Principal, *, limit: int, after: UUID | None) -> Sequence[Event]:
        return [event for event in self.of(owner) if after is None or event.id > after][:limit]

    async def change(self, owner: Principal, event_id: UUID, edit: Callable[[Event], Event]) -> Event:
        self._keep(owner, [edit(await self.get(owner, event_id))])
        return self.kept[owner, event_id]

    async def remove(self, owner: Principal, event_id: UUID, check: Callable[[Event], None]) -> None:
        check(await self.get(owner, event_id))
        del self.kept[owner, event_id]

    async def merge(
        self, owner: Principal, uids: Sequence[str], edit: Callable[[str, Event | None], Event | None]
    ) -> None:
        known = {event.uid: event for event in self.of(owner)}
        self._keep(owner, [event for uid in uids if (event := edit(uid, known.get(uid)))])

    def _keep(self, owner: Principal, events: Sequence[Event]) -> None:
        after = {event.id: event for event in (*self.of(owner), *events)}
        if len({event.uid for event in after.values()}) < len(after):
            raise Conflict("another event has its uid")
        if sum(event.content.recurrence is not None for event in after.values()) > REPEATED_MAX:
            raise Conflict(f"a calendar has at most {REPEATED_MAX} events that repeat")
        self.kept |= {(owner, event.id): event for event in events}


class MemoryProfiles:
    """The port `ProfileStore` in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[Principal, Profile] = {}

    async def get(self, owner: Principal) -> Profile:
        return self.kept.get(owner, Profile())

    async def change(self, owner: Principal, edit: Callable[[Profile], Profile]) -> Profile:
        self.kept[owner] = edit(await self.get(owner))
        return self.kept[owner]


class NamedTokens:
    """The port `TokenVerifier`: the token `ada` proves Ada, `bob` Bob, `root` an admin."""

    async def verify(self, token: str) -> Principal:
        for person in (ADA, BOB, ROOT):
            if token == person.subject:
                return person
        raise Unauthenticated("unknown")


class MemoryShared:
    """The port `SharedAnswers` in a dictionary, as all replicas of a test share it."""

    def __init__(self) -> None:
        self.down = False
        self.kept: dict[str, tuple[bytes, dict[str, Answer]]] = {}
        self.count = 0

    async def find(self, namespace: Namespace, question: str) -> Found | None:
        if self.down:
            return None
        self.count += 1
        version, answers = self.kept.setdefault(namespace.key, (str(self.count).encode(), {}))
        return Found(version=version, answer=answers.get(question))

    async def keep(self, namespace: Namespace, question: str, answer: Answer, *, version: bytes) -> None:
        if not self.down and namespace.key in self.kept and self.kept[namespace.key][0] == version:
            self.kept[namespace.key][1][question] = answer

    async def renew(self, namespaces: list[Namespace], *, budget_s: float = 0.05) -> None:
        if self.down:
            raise Unavailable(f"no shared cache within {budget_s} s")
        for namespace in namespaces:
            self.kept.pop(namespace.key, None)


@dataclass(kw_only=True)
class Api:
    """What a test may replace before it opens the API."""

    audit: MemoryAudit = field(default_factory=MemoryAudit)
    chat: MemoryChat = field(default_factory=MemoryChat)
    checks: tuple[Check, ...] = ()
    edge: Edge = field(default_factory=Edge)
    events: MemoryEvents = field(default_factory=MemoryEvents)
    leaving: Leaving = field(default_factory=Leaving)
    limiter: Limiter = field(default_factory=lambda: Limiter(per_person=100_000, per_address=100_000))
    model: LanguageModel = field(default_factory=ScriptedModel)
    operations: MemoryOperations = field(default_factory=MemoryOperations)
    privacy: MemoryPrivacy = field(default_factory=MemoryPrivacy)
    profiles: MemoryProfiles = field(default_factory=MemoryProfiles)
    seats: Seats = field(default_factory=Seats)
    shared: MemoryShared = field(default_factory=MemoryShared)
    tasks: MemoryTasks = field(default_factory=MemoryTasks)
    telegram: MemoryTelegram = field(default_factory=MemoryTelegram)
    tokens: TokenVerifier = field(default_factory=NamedTokens)
    tracer: Tracer = SILENT

    @asynccontextmanager
    async def open_state(self) -> AsyncGenerator[ApiState]:
        cache = AnswerCache(self.shared)
        yield ApiState(
            audit=self.audit,
            audit_history=self.audit,
            cache=cache,
            chat=Chat(
                store=self.chat,
                model=self.model,
                now=lambda: NOW,
                disclosures=MemoryDisclosures(
                    chat=self.chat, processing=self.privacy.processing, profiles=self.profiles
                ),
                seats=self.seats,
                leaving=self.leaving,
            ),
            checks=self.checks,
            events=self.events,
            leaving=self.leaving,
            limiter=self.limiter,
            now=lambda: NOW,
            operations=self.operations,
            privacy=self.privacy.ports(),
            profiles=self.profiles,
            tasks=self.tasks,
            telegram=self.telegram.webhook(lambda: NOW),
            tokens=self.tokens,
            tracer=self.tracer,
        )
        await cache.close()

    def create(self) -> ASGIApp:
        """Make the application."""
        return create_api(self.open_state, self.edge)

    @contextmanager
    def client(self, token: str = "") -> Generator[TestClient]:
        """Open the application and a client that sends the token."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with TestClient(self.create(), base_url=ADDRESS, headers=headers) as client:
            yield client
