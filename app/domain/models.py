"""Frozen records of the product."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What a person may do beside their own things, as their token says.

    Whoever has a good token is a user: its subject is enough, so nothing asks for the role `user`. Premium is whom the
    plan that is kept of them or their token calls so (`app.domain.access`); an admin is one by the token alone.
    """

    USER = "user"
    PREMIUM = "premium"
    ADMIN = "admin"


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """A person, known by the pair that RFC 7519 makes unique: a subject is unique within its issuer only."""

    issuer: str
    subject: str
    roles: frozenset[Role] = field(default=frozenset(), compare=False)
    """What the credential of this request allows; not part of who the person is."""


class TaskStatus(StrEnum):
    """How far a task is."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    DONE = "done"


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskContent:
    """What a person decides about a task."""

    title: str
    notes: str | None
    status: TaskStatus
    due: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A task as it is kept. `id` grows with time, `version` with every change."""

    id: UUID
    content: TaskContent
    created_at: datetime
    updated_at: datetime
    version: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskFilter:
    """Which tasks are meant: of a status, due from `due_after` on, due before `due_before`; None means any."""

    status: TaskStatus | None = None
    due_after: datetime | None = None
    due_before: datetime | None = None

    @property
    def by_due(self) -> bool:
        """Whether it asks when tasks are due; they are then in that order."""
        return self.due_after is not None or self.due_before is not None

    def takes(self, content: TaskContent) -> bool:
        """Tell whether a task with this content is meant."""
        due = content.due
        return (
            (self.status is None or content.status is self.status)
            and (self.due_after is None or (due is not None and due >= self.due_after))
            and (self.due_before is None or (due is not None and due < self.due_before))
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskPlace:
    """Where a list goes on: after the task of this id, in a list by due time the one of this id that is due then."""

    id: UUID
    due: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskPage:
    """Tasks, newest first or by due time; `after` is where the next page starts, None on the last one."""

    tasks: tuple[Task, ...]
    after: TaskPlace | None
