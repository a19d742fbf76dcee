"""Tasks in PostgreSQL. Every statement is constant text and names its owner."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from app.domain.errors import NotFound
from app.domain.models import Principal, Task, TaskContent, TaskFilter, TaskPage, TaskPlace, TaskStatus
from app.domain.tasks import place_of
from app.storage.database import Connections
from app.storage.keyset import above, below

_COLUMNS: Final = "id, title, notes, status, due, created_at, updated_at, version"
_ONE: Final = "issuer = $1 and subject = $2 and id = $3"
_ADD: Final = (
    f"insert into tasks (issuer, subject, {_COLUMNS}) "  # noqa: S608 - constants
    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
)
_GET: Final = f"select {_COLUMNS} from tasks where {_ONE}"  # noqa: S608 - constants
_LOCK: Final = f"{_GET} for update"
_OLDER: Final = f"select {_COLUMNS} from tasks where issuer = $1 and subject = $2 and id < $3"  # noqa: S608 - constants
_NEWEST_FIRST: Final = "order by id desc limit $4"
_DUE: Final = (
    f"select {_COLUMNS} from tasks where issuer = $1 and subject = $2 and due is not null "  # noqa: S608 - constants
    "and (due, id) > ($3, $4) and due < $5"
)
_BY_DUE: Final = "order by due, id limit $6"
PAGES: Final = {
    (False, False): f"{_OLDER} {_NEWEST_FIRST}",
    (True, False): f"{_OLDER} and status = $5 {_NEWEST_FIRST}",
    (False, True): f"{_DUE} {_BY_DUE}",
    (True, True): f"{_DUE} and status = $7 {_BY_DUE}",
}
"""The statements of a page, by whether it asks for a status, and for a time: each has a plan of its own."""
_CHANGE: Final = (
    f"update tasks set title = $4, notes = $5, status = $6, due = $7, updated_at = $8, version = $9 where {_ONE}"  # noqa: S608 - constants
)
_REMOVE: Final = f"delete from tasks where {_ONE}"  # noqa: S608 - constants


class PostgresTasks:
    """The port `TaskStore` on PostgreSQL."""

    def __init__(self, database: Connections) -> None:
        self._database = database

    async def add(self, owner: Principal, task: Task) -> None:
        """Keep a new task."""
        async with self._database.connection(owner) as connection:
            await connection.execute(
                _ADD,
                *(owner.issuer, owner.subject, task.id),
                *_content(task.content),
                *(task.created_at, task.updated_at, task.version),
            )

    async def get(self, owner: Principal, task_id: UUID) -> Task:
        """Return one task, or raise `NotFound`."""
        async with self._database.connection(owner) as connection:
            return _task(await connection.fetchrow(_GET, owner.issuer, owner.subject, task_id))

    async def page(
        self, owner: Principal, *, limit: int, after: TaskPlace | None, only: TaskFilter | None = None
    ) -> TaskPage:
        """Return a page by key: as fast on the last page as on the first."""
        only = only or TaskFilter()
        statement = PAGES[only.status is not None, only.by_due]
        asked = (*_range(after, only), limit + 1, *((only.status,) if only.status else ()))
        async with self._database.connection(owner) as connection:
            rows = await connection.fetch(statement, owner.issuer, owner.subject, *asked)
        tasks = tuple(_task(row) for row in rows[:limit])
        return TaskPage(tasks=tasks, after=place_of(tasks[-1], only) if len(rows) > limit else None)

    async def change(self, owner: Principal, task_id: UUID, edit: Callable[[Task], Task]) -> Task:
        """Replace a task by what `edit` makes of it, while its row is locked."""
        async with self._database.connection(owner) as connection, connection.transaction():
            task = edit(_task(await connection.fetchrow(_LOCK, owner.issuer, owner.subject, task_id)))
            await connection.execute(
                _CHANGE,
                *(owner.issuer, owner.subject, task_id),
                *_content(task.content),
                *(task.updated_at, task.version),
            )
            return task

    async def remove(self, owner: Principal, task_id: UUID, check: Callable[[Task], None]) -> None:
        """Delete a task unless `check` raises, while its row is locked."""
        async with self._database.connection(owner) as connection, connection.transaction():
            check(_task(await connection.fetchrow(_LOCK, owner.issuer, owner.subject, task_id)))
            await connection.execute(_REMOVE, owner.issuer, owner.subject, task_id)


def _range(after: TaskPlace | None, only: TaskFilter) -> tuple[Any, ...]:
    """Return the bounds of a page, all of them, for the reason that `app.storage.keyset` gives."""
    last = after and after.id
    if not only.by_due:
        return (below(last),)
    since = (after and after.due) or only.due_after or datetime.min.replace(tzinfo=UTC)
    return since, above(last), only.due_before or datetime.max.replace(tzinfo=UTC)


def _content(content: TaskContent) -> tuple[Any, ...]:
    return content.title, content.notes, content.status, content.due


def _task(row: Any) -> Task:
    if row is None:
        raise NotFound("no such task of this person")
    kept = TaskContent(title=row["title"], notes=row["notes"], status=TaskStatus(row["status"]), due=row["due"])
    return Task(
        id=row["id"],
        content=kept,
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        version=row["version"],
    )
