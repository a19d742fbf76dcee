"""What is said about tasks."""

from typing import Annotated, Self
from uuid import UUID

import msgspec

from app.domain.models import Task, TaskContent, TaskPage, TaskStatus
from app.domain.tasks import NOTES_MAX, TITLE_MAX, content
from app.wire.documents import Moment, cursor_of

Title = Annotated[str, msgspec.Meta(min_length=1, max_length=TITLE_MAX)]
Notes = Annotated[str, msgspec.Meta(max_length=NOTES_MAX)]


class NewTask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person decides about a task; unknown members are refused."""

    title: Title
    notes: Notes | None = None
    status: TaskStatus = TaskStatus.OPEN
    due: Moment | None = None

    def to_content(self) -> TaskContent:
        """Apply the rules of the product."""
        return content(title=self.title, notes=self.notes, status=self.status, due=self.due)


class TaskDocument(msgspec.Struct, frozen=True):
    """A task; `version` grows with every change and is the entity tag."""

    id: UUID
    title: Title
    notes: Notes | None
    status: TaskStatus
    due: Moment | None
    created_at: Moment
    updated_at: Moment
    version: int

    @classmethod
    def of(cls, task: Task) -> Self:
        """Render a task."""
        return cls(
            id=task.id,
            title=task.content.title,
            notes=task.content.notes,
            status=task.content.status,
            due=task.content.due,
            created_at=task.created_at,
            updated_at=task.updated_at,
            version=task.version,
        )


class TaskPageDocument(msgspec.Struct, frozen=True):
    """A page of tasks, newest first; `cursor` asks for the next page and is null on the last one."""

    items: list[TaskDocument]
    cursor: str | None

    @classmethod
    def of(cls, page: TaskPage) -> Self:
        """Render a page."""
        return cls(items=[TaskDocument.of(task) for task in page.tasks], cursor=cursor_of(page.after))
