"""Tools for tasks: what the routes of the API do, for a model that acts for a person."""

from typing import Final

from msgspec import UNSET, UnsetType
from starlette.requests import Request

from app.cache.keys import Kind
from app.domain.models import Task, TaskContent, TaskStatus
from app.domain.tasks import begin, only, revise
from app.tools.tool import Tool
from app.tools.which import Deleted, WhichOne, WhichPage, said
from app.web.auth import principal_of
from app.web.state import State
from app.wire.documents import Moment, merge
from app.wire.tasks import NewTask, Notes, TaskDocument, TaskPageDocument, Title, after_task


class WhichTasks(WhichPage, frozen=True, forbid_unknown_fields=True):
    """Which tasks to list: of a status, due from `due_after` on, due before `due_before`."""

    status: TaskStatus | None = None
    due_after: Moment | None = None
    due_before: Moment | None = None


class TaskChange(WhichOne, frozen=True, forbid_unknown_fields=True):
    """What to change of a task: an absent member stays, null takes it away."""

    title: Title | UnsetType = UNSET
    notes: Notes | UnsetType | None = UNSET
    status: TaskStatus | UnsetType = UNSET
    due: Moment | UnsetType | None = UNSET

    def apply(self, old: Task) -> TaskContent:
        """Make the new content."""
        return merge(TaskDocument.of(old), said(self), NewTask).to_content()


async def _list(request: Request[State], which: WhichTasks) -> TaskPageDocument:
    meant = only(status=which.status, due_after=which.due_after, due_before=which.due_before)
    page = await request.state["tasks"].page(
        principal_of(request), limit=which.limit, after=after_task(which.cursor, meant), only=meant
    )
    return TaskPageDocument.of(page)


async def _create(request: Request[State], new: NewTask) -> TaskDocument:
    task = begin(new.to_content(), now=request.state["now"]())
    await request.state["tasks"].add(principal_of(request), task)
    return TaskDocument.of(task)


async def _read(request: Request[State], which: WhichOne) -> TaskDocument:
    task = await request.state["tasks"].get(principal_of(request), which.id)
    which.check(task)
    return TaskDocument.of(task)


async def _change(request: Request[State], change: TaskChange) -> TaskDocument:
    now = request.state["now"]()

    def edit(task: Task) -> Task:
        change.check(task)
        return revise(task, change.apply(task), now=now)

    return TaskDocument.of(await request.state["tasks"].change(principal_of(request), change.id, edit))


async def _delete(request: Request[State], which: WhichOne) -> Deleted:
    await request.state["tasks"].remove(principal_of(request), which.id, which.check)
    return Deleted(id=which.id)


TOOLS: Final = (
    Tool(
        name="list_tasks",
        description="List the person's tasks, newest first or, asked when they are due, by due time; page by page.",
        takes=WhichTasks,
        gives=TaskPageDocument,
        work=_list,
        reads=True,
    ),
    Tool(
        name="create_task",
        description="Keep a new task.",
        takes=NewTask,
        gives=TaskDocument,
        work=_create,
        changes=Kind.TASKS,
    ),
    Tool(name="read_task", description="Read one task.", takes=WhichOne, gives=TaskDocument, work=_read, reads=True),
    Tool(
        name="change_task",
        description="Change a task: a member that is left out stays, null takes notes or due away.",
        takes=TaskChange,
        gives=TaskDocument,
        work=_change,
        changes=Kind.TASKS,
    ),
    Tool(
        name="delete_task",
        description="Delete a task for ever.",
        takes=WhichOne,
        gives=Deleted,
        work=_delete,
        destroys=True,
        changes=Kind.TASKS,
    ),
)
