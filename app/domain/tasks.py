"""Rules for tasks, as pure functions."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from app.domain.identifiers import time_ordered_id
from app.domain.models import Task, TaskContent, TaskFilter, TaskPlace, TaskStatus
from app.domain.moments import in_utc
from app.domain.texts import check_text
from app.domain.versions import FIRST_VERSION

TITLE_MAX: Final = 200
"""Characters."""
NOTES_MAX: Final = 4000
"""Characters."""


def content(*, title: str, notes: str | None, status: TaskStatus, due: datetime | None) -> TaskContent:
    """Make the content of a task, with `due` in UTC.

    Raises:
        Invalid: A rule is broken.
    """
    check_text("/title", title, most=TITLE_MAX, blank=False)
    check_text("/notes", notes, most=NOTES_MAX)
    return TaskContent(title=title, notes=notes, status=status, due=due and in_utc("/due", due))


def only(*, status: TaskStatus | None, due_after: datetime | None, due_before: datetime | None) -> TaskFilter:
    """Make a filter, with its moments in UTC.

    Raises:
        Invalid: A moment is none.
    """
    return TaskFilter(
        status=status, due_after=due_after and in_utc("", due_after), due_before=due_before and in_utc("", due_before)
    )


def place_of(task: Task, only: TaskFilter) -> TaskPlace:
    """Return the place of a task in a list of what is meant."""
    return TaskPlace(id=task.id, due=task.content.due if only.by_due else None)


def begin(new: TaskContent, *, now: datetime) -> Task:
    """Make a new task."""
    return Task(id=time_ordered_id(now), content=new, created_at=now, updated_at=now, version=FIRST_VERSION)


def revise(task: Task, new: TaskContent, *, now: datetime) -> Task:
    """Give a task new content and its next version."""
    return replace(task, content=new, updated_at=max(now, task.updated_at), version=task.version + 1)
