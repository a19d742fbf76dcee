"""Rules for tasks, as pure functions."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from app.domain.errors import Invalid, VersionMismatch
from app.domain.models import Task, TaskContent, TaskStatus

TITLE_MAX: Final = 200
"""Characters."""
NOTES_MAX: Final = 4000
"""Characters."""
FIRST_VERSION: Final = 1


def content(*, title: str, notes: str | None, status: TaskStatus, due: datetime | None) -> TaskContent:
    """Make the content of a task, with `due` in UTC.

    Raises:
        Invalid: A rule is broken.
    """
    if not title.strip() or len(title) > TITLE_MAX:
        raise Invalid("/title", f"expected 1 to {TITLE_MAX} characters, not all of them blank")
    if len(notes or "") > NOTES_MAX:
        raise Invalid("/notes", f"expected at most {NOTES_MAX} characters")
    for pointer, text in (("/title", title), ("/notes", notes or "")):
        if "\0" in text:  # PostgreSQL's text cannot hold it
            raise Invalid(pointer, "the character U+0000 is not allowed")
    return TaskContent(title=title, notes=notes, status=status, due=due and _utc(due))


def _utc(due: datetime) -> datetime:
    if due.tzinfo is None:
        raise Invalid("/due", "expected a date-time with its offset from UTC")
    try:
        return due.astimezone(UTC)
    except OverflowError:
        raise Invalid("/due", "expected a date-time within the years 1 to 9999 of UTC") from None


def begin(new: TaskContent, *, now: datetime) -> Task:
    """Make a new task."""
    return Task(id=_time_ordered_id(now), content=new, created_at=now, updated_at=now, version=FIRST_VERSION)


def revise(task: Task, new: TaskContent, *, now: datetime) -> Task:
    """Give a task new content and its next version."""
    return replace(task, content=new, updated_at=max(now, task.updated_at), version=task.version + 1)


def require_version(task: Task, expected: frozenset[int] | None) -> None:
    """Raise `VersionMismatch` unless the task has one of the expected versions; None expects any."""
    if expected is not None and task.version not in expected:
        raise VersionMismatch(f"task {task.id} has version {task.version}")


def _time_ordered_id(now: datetime) -> UUID:
    """Make a UUID version 7 (RFC 9562 section 5.7): 48 bits of milliseconds, then randomness.

    Python gains `uuid.uuid7` in 3.14.
    """
    milliseconds = int(now.timestamp() * 1000)
    random = secrets.randbits(74)
    return UUID(int=milliseconds << 80 | 7 << 76 | (random >> 62) << 64 | 2 << 62 | random & (1 << 62) - 1)
