"""What is said about tasks."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Self
from uuid import UUID

import msgspec

from app.domain.models import Task, TaskContent, TaskFilter, TaskPage, TaskPlace, TaskStatus
from app.domain.tasks import NOTES_MAX, TITLE_MAX, content
from app.wire.documents import Moment, after_cursor, after_numbered, cursor_of, numbered_cursor

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
    """A page of tasks; `cursor` asks for the next page and is null on the last one."""

    items: list[TaskDocument]
    cursor: str | None

    @classmethod
    def of(cls, page: TaskPage) -> Self:
        """Render a page."""
        return cls(items=[TaskDocument.of(task) for task in page.tasks], cursor=_cursor_of(page.after))


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def after_task(cursor: str | None, only: TaskFilter) -> TaskPlace | None:
    """Return where the page of a cursor starts; None without one, which is the first page.

    Raises:
        Invalid: It is no cursor of such a list.
    """
    if only.by_due:
        place = after_numbered(cursor, lambda microseconds: _EPOCH + microseconds * _MICROSECOND)
        return place and TaskPlace(due=place[0], id=place[1])
    one = after_cursor(cursor)
    return one and TaskPlace(id=one)


def _cursor_of(after: TaskPlace | None) -> str | None:
    if after is None or after.due is None:
        return cursor_of(after and after.id)
    return numbered_cursor((after.due - _EPOCH) // _MICROSECOND, after.id)
