"""Tools for tasks: what the routes of the API do, for a model that acts for a person."""

from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType
from starlette.requests import Request

from app.domain.models import Task, TaskContent, TaskStatus
from app.domain.tasks import begin, content, revise
from app.domain.versions import require_version
from app.tools.tool import Tool
from app.web.auth import principal_of
from app.web.state import State
from app.wire.documents import LIMIT_DEFAULT, LIMIT_MAX, Moment, after_cursor
from app.wire.tasks import NewTask, Notes, TaskDocument, TaskPageDocument, Title


class WhichPage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which tasks to list; the cursor of a page asks for the one after it."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT
    cursor: str | None = None


class WhichTask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which task; with a version, only if it still has that one."""

    id: UUID
    version: int | None = None

    def check(self, task: Task) -> None:
        """Raise `VersionMismatch` unless the task has the version."""
        require_version(task, None if self.version is None else frozenset({self.version}))


class TaskChange(WhichTask, frozen=True, forbid_unknown_fields=True):
    """What to change of a task: an absent member stays, null takes it away."""

    title: Title | UnsetType = UNSET
    notes: Notes | UnsetType | None = UNSET
    status: TaskStatus | UnsetType = UNSET
    due: Moment | UnsetType | None = UNSET

    def apply(self, old: TaskContent) -> TaskContent:
        """Make the new content."""
        return content(
            title=old.title if self.title is UNSET else self.title,
            notes=old.notes if self.notes is UNSET else self.notes,
            status=old.status if self.status is UNSET else self.status,
            due=old.due if self.due is UNSET else self.due,
        )


class Deleted(msgspec.Struct, frozen=True):
    """The task that is no more."""

    id: UUID


async def _list(request: Request[State], which: WhichPage) -> TaskPageDocument:
    after = after_cursor(which.cursor)
    return TaskPageDocument.of(await request.state["tasks"].page(principal_of(request), limit=which.limit, after=after))


async def _create(request: Request[State], new: NewTask) -> TaskDocument:
    task = begin(new.to_content(), now=request.state["now"]())
    await request.state["tasks"].add(principal_of(request), task)
    return TaskDocument.of(task)


async def _read(request: Request[State], which: WhichTask) -> TaskDocument:
    task = await request.state["tasks"].get(principal_of(request), which.id)
    which.check(task)
    return TaskDocument.of(task)


async def _change(request: Request[State], change: TaskChange) -> TaskDocument:
    now = request.state["now"]()

    def edit(task: Task) -> Task:
        change.check(task)
        return revise(task, change.apply(task.content), now=now)

    return TaskDocument.of(await request.state["tasks"].change(principal_of(request), change.id, edit))


async def _delete(request: Request[State], which: WhichTask) -> Deleted:
    await request.state["tasks"].remove(principal_of(request), which.id, which.check)
    return Deleted(id=which.id)


TOOLS: Final = (
    Tool(
        name="list_tasks",
        description="List the person's tasks, newest first, page by page.",
        takes=WhichPage,
        gives=TaskPageDocument,
        work=_list,
        reads=True,
    ),
    Tool(name="create_task", description="Keep a new task.", takes=NewTask, gives=TaskDocument, work=_create),
    Tool(name="read_task", description="Read one task.", takes=WhichTask, gives=TaskDocument, work=_read, reads=True),
    Tool(
        name="change_task",
        description="Change a task: a member that is left out stays, null takes notes or due away.",
        takes=TaskChange,
        gives=TaskDocument,
        work=_change,
    ),
    Tool(
        name="delete_task",
        description="Delete a task for ever.",
        takes=WhichTask,
        gives=Deleted,
        work=_delete,
        destroys=True,
    ),
)
