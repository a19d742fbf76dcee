"""The API over ports in memory: what web tests drive."""

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from starlette.testclient import TestClient
from starlette.types import ASGIApp

from app.api import create_api
from app.domain.errors import NotFound, Unauthenticated
from app.domain.models import Principal, Task, TaskPage
from app.telemetry.spans import SILENT, Tracer
from app.web.checks import Check
from app.web.state import State

ADA = Principal(issuer="https://issuer.test", subject="ada")
BOB = Principal(issuer="https://issuer.test", subject="bob")
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

    async def page(self, owner: Principal, *, limit: int, after: UUID | None) -> TaskPage:
        own = [task for (who, _), task in self.kept.items() if who == owner]
        older = sorted((t for t in own if after is None or t.id < after), key=lambda t: t.id, reverse=True)
        tasks = tuple(older[:limit])
        return TaskPage(tasks=tasks, after=tasks[-1].id if len(older) > limit else None)

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


class NamedTokens:
    """The port `TokenVerifier`: the token `ada` proves Ada, `bob` Bob."""

    async def verify(self, token: str) -> Principal:
        for person in (ADA, BOB):
            if token == person.subject:
                return person
        raise Unauthenticated("unknown")


@dataclass(kw_only=True)
class Api:
    """What a test may replace before it opens the API."""

    tasks: MemoryTasks = field(default_factory=MemoryTasks)
    tokens: NamedTokens = field(default_factory=NamedTokens)
    checks: tuple[Check, ...] = ()
    front_door_id: str = ""
    tracer: Tracer = SILENT

    @asynccontextmanager
    async def open_state(self) -> AsyncGenerator[State]:
        yield State(checks=self.checks, now=lambda: NOW, tasks=self.tasks, tokens=self.tokens, tracer=self.tracer)

    def create(self) -> ASGIApp:
        """Make the application."""
        return create_api(self.open_state, front_door_id=self.front_door_id)

    @contextmanager
    def client(self, token: str = "") -> Generator[TestClient]:
        """Open the application and a client that sends the token."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with TestClient(self.create(), base_url=ADDRESS, headers=headers) as client:
            yield client
