"""Routes for tasks: a person's own, under `/api/v1/tasks`."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.cache.keys import Kind
from app.domain.models import Task, TaskStatus
from app.domain.tasks import begin, only, revise
from app.domain.versions import require_version
from app.web.auth import principal_of
from app.web.cached import cached, changing
from app.web.documents import Json, read_object
from app.web.layers import route
from app.web.operation import CURSOR, IF_MATCH, JSON, LIMIT, MERGE_PATCH, Operation, Resource, parameter
from app.web.requests import entity_tag, expected_versions, page_limit, path_id, query_choice, query_moment
from app.web.state import State
from app.wire.documents import fit, merge
from app.wire.tasks import NewTask, TaskDocument, TaskPageDocument, after_task

PATH: Final = "/api/v1/tasks"


async def list_tasks(request: Request[State]) -> Response:
    """Answer a page of the caller's tasks."""
    meant = only(
        status=query_choice(request, "status", TaskStatus),
        due_after=query_moment(request, "due_after"),
        due_before=query_moment(request, "due_before"),
    )
    page = await request.state["tasks"].page(
        principal_of(request),
        limit=page_limit(request),
        after=after_task(request.query_params.get("cursor"), meant),
        only=meant,
    )
    return Json(TaskPageDocument.of(page))


async def create_task(request: Request[State]) -> Response:
    """Keep a new task."""
    new = fit(await read_object(request, JSON), NewTask)
    task = begin(new.to_content(), now=request.state["now"]())
    await request.state["tasks"].add(principal_of(request), task)
    return _answer(task, 201, {"Location": f"{PATH}/{task.id}"})


async def get_task(request: Request[State]) -> Response:
    """Answer one task."""
    return _answer(await request.state["tasks"].get(principal_of(request), path_id(request, "task_id")))


async def change_task(request: Request[State]) -> Response:
    """Merge the body into a task (RFC 7396): an absent member stays, null takes the member away."""
    patch = await read_object(request, MERGE_PATCH, JSON)
    expected = expected_versions(request)
    now = request.state["now"]()

    def edit(task: Task) -> Task:
        require_version(task, expected)
        return revise(task, merge(TaskDocument.of(task), patch, NewTask).to_content(), now=now)

    return _answer(await request.state["tasks"].change(principal_of(request), path_id(request, "task_id"), edit))


async def remove_task(request: Request[State]) -> Response:
    """Delete a task."""
    expected = expected_versions(request)
    await request.state["tasks"].remove(
        principal_of(request), path_id(request, "task_id"), lambda task: require_version(task, expected)
    )
    return Response(status_code=204)


def _answer(task: Task, status: int = 200, headers: dict[str, str] | None = None) -> Json:
    return Json(TaskDocument.of(task), status, {**entity_tag(task.version), **(headers or {})})


_TASK_ID: Final = parameter("task_id", "path", "The task.", {"type": "string", "format": "uuid"})
_FILTERS: Final = (
    parameter("status", "query", "Only tasks of this status.", {"type": "string", "enum": list(TaskStatus)}),
    parameter("due_after", "query", "Only tasks due then or later.", {"type": "string", "format": "date-time"}),
    parameter("due_before", "query", "Only tasks due earlier.", {"type": "string", "format": "date-time"}),
)
_ONE: Final = PATH + "/{task_id}"

RESOURCE: Final = Resource(
    routes=(
        route(PATH, GET=cached(Kind.TASKS, list_tasks), POST=changing(Kind.TASKS, create_task)),
        route(
            _ONE,
            GET=cached(Kind.TASKS, get_task),
            PATCH=changing(Kind.TASKS, change_task),
            DELETE=changing(Kind.TASKS, remove_task),
        ),
    ),
    operations=(
        Operation(
            method="get",
            path=PATH,
            name="listTasks",
            summary="Your tasks, newest first; by due time when you ask when they are due",
            answer="TaskPageDocument",
            parameters=(LIMIT, CURSOR, *_FILTERS),
            problems=(422,),
            kept=True,
        ),
        Operation(
            method="post",
            path=PATH,
            name="createTask",
            summary="Keep a new task",
            status=201,
            answer="TaskDocument",
            body="NewTask",
            headers=("ETag", "Location"),
            problems=(413, 415, 422),
        ),
        Operation(
            method="get",
            path=_ONE,
            name="getTask",
            summary="One task",
            answer="TaskDocument",
            parameters=(_TASK_ID,),
            problems=(404,),
            kept=True,
        ),
        Operation(
            method="patch",
            path=_ONE,
            name="changeTask",
            summary="Change a task: an absent member stays, null takes it away",
            answer="TaskDocument",
            body="TaskPatch",
            body_types=(MERGE_PATCH, JSON),
            parameters=(_TASK_ID, IF_MATCH),
            headers=("ETag",),
            problems=(404, 412, 413, 415, 422),
        ),
        Operation(
            method="delete",
            path=_ONE,
            name="removeTask",
            summary="Delete a task",
            status=204,
            parameters=(_TASK_ID, IF_MATCH),
            problems=(404, 412),
        ),
    ),
    documents=(NewTask, TaskDocument, TaskPageDocument),
    patches={NewTask: "TaskPatch"},
)
