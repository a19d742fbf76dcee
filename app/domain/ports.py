"""What the product needs of the outside, as protocols; `app.wiring.ground` chooses who provides it."""

from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from app.domain.models import Principal, Task, TaskFilter, TaskPage, TaskPlace


class TaskStore(Protocol):
    """Tasks of every person. Each method sees the tasks of `owner` only; another person's task is not found.

    Every method may raise `Unavailable`.
    """

    async def add(self, owner: Principal, task: Task) -> None:
        """Keep a new task."""
        ...

    async def get(self, owner: Principal, task_id: UUID) -> Task:
        """Return one task, or raise `NotFound`."""
        ...

    async def page(
        self, owner: Principal, *, limit: int, after: TaskPlace | None, only: TaskFilter | None = None
    ) -> TaskPage:
        """Return at most `limit` tasks after the place `after`, only those that are meant.

        They come newest first; a filter that asks when they are due has them in that order.
        """
        ...

    async def change(self, owner: Principal, task_id: UUID, edit: Callable[[Task], Task]) -> Task:
        """Replace a task by what `edit` makes of it, with no other change in between, or raise `NotFound`."""
        ...

    async def remove(self, owner: Principal, task_id: UUID, check: Callable[[Task], None]) -> None:
        """Delete a task unless `check` raises, with no other change in between, or raise `NotFound`."""
        ...


class TokenVerifier(Protocol):
    """Turns a bearer token into the person it proves."""

    async def verify(self, token: str) -> Principal:
        """Return the person, or raise `Unauthenticated`; `Unavailable` when the issuer's keys cannot be had."""
        ...
