"""Routes for tasks: a person's own, under `/api/v1/tasks`."""

import re
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from app.domain.errors import Invalid, NotFound
from app.domain.models import Task
from app.domain.tasks import begin, require_version, revise
from app.web.auth import principal_of
from app.web.documents import Json, read_object
from app.web.state import State
from app.wire import LIMIT_DEFAULT, LIMIT_MAX, NewTask, TaskDocument, TaskPageDocument, after_cursor, fit

PATH: Final = "/api/v1/tasks"
MERGE_PATCH: Final = "application/merge-patch+json"

_ETAG: Final = re.compile(r'"([0-9]{1,9})"')


async def list_tasks(request: Request[State]) -> Response:
    """Answer a page of the caller's tasks."""
    page = await request.state["tasks"].page(
        principal_of(request), limit=_limit(request), after=after_cursor(request.query_params.get("cursor"))
    )
    return Json(TaskPageDocument.of(page))


async def create_task(request: Request[State]) -> Response:
    """Keep a new task."""
    new = fit(await read_object(request, "application/json"), NewTask)
    task = begin(new.to_content(), now=request.state["now"]())
    await request.state["tasks"].add(principal_of(request), task)
    return _answer(task, 201, {"Location": f"{PATH}/{task.id}"})


async def get_task(request: Request[State]) -> Response:
    """Answer one task."""
    return _answer(await request.state["tasks"].get(principal_of(request), _task_id(request)))


async def change_task(request: Request[State]) -> Response:
    """Merge the body into a task (RFC 7396): an absent member stays, null takes the member away."""
    patch = await read_object(request, MERGE_PATCH, "application/json")
    expected = _expected_versions(request)
    now = request.state["now"]()

    def edit(task: Task) -> Task:
        require_version(task, expected)
        merged = {**_members(task), **patch}
        new = fit({name: value for name, value in merged.items() if value is not None}, NewTask)
        return revise(task, new.to_content(), now=now)

    return _answer(await request.state["tasks"].change(principal_of(request), _task_id(request), edit))


async def remove_task(request: Request[State]) -> Response:
    """Delete a task."""
    expected = _expected_versions(request)
    await request.state["tasks"].remove(
        principal_of(request), _task_id(request), lambda task: require_version(task, expected)
    )
    return Response(status_code=204)


def _answer(task: Task, status: int = 200, headers: dict[str, str] | None = None) -> Json:
    return Json(TaskDocument.of(task), status, {"ETag": f'"{task.version}"', **(headers or {})})


def _members(task: Task) -> dict[str, Any]:
    document = TaskDocument.of(task)
    return {name: getattr(document, name) for name in NewTask.__struct_fields__}


def _task_id(request: Request[State]) -> UUID:
    try:
        return UUID(request.path_params["task_id"])
    except ValueError:
        raise NotFound("a task id is a UUID") from None


def _expected_versions(request: Request[State]) -> frozenset[int] | None:
    """Read `If-Match` (RFC 9110 section 13.1.1): None when any version will do; a weak tag never matches."""
    values = request.headers.getlist("if-match")
    if not values or values == ["*"]:
        return None
    tags = [tag.strip() for value in values for tag in value.split(",")]
    return frozenset(int(match[1]) for tag in tags if (match := _ETAG.fullmatch(tag)))


def _limit(request: Request[State]) -> int:
    text = request.query_params.get("limit", str(LIMIT_DEFAULT))
    if re.fullmatch(r"[0-9]{1,3}", text) and 1 <= int(text) <= LIMIT_MAX:
        return int(text)
    raise Invalid("", f"limit: expected 1 to {LIMIT_MAX}")
