"""Routes for tasks: a person's own, under `/api/v1/tasks`."""

import base64
import binascii
import re
from datetime import datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from app.domain.errors import Invalid, NotFound
from app.domain.models import Task, TaskContent, TaskPage, TaskStatus
from app.domain.tasks import NOTES_MAX, TITLE_MAX, begin, content, require_version, revise
from app.web.auth import principal_of
from app.web.documents import Json, fit, read_object
from app.web.state import State

PATH: Final = "/api/v1/tasks"
LIMIT_DEFAULT: Final = 20
LIMIT_MAX: Final = 100
MERGE_PATCH: Final = "application/merge-patch+json"

_ETAG: Final = re.compile(r'"([0-9]{1,9})"')

Title = Annotated[str, msgspec.Meta(min_length=1, max_length=TITLE_MAX)]
Notes = Annotated[str, msgspec.Meta(max_length=NOTES_MAX)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


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
        cursor = page.after and base64.urlsafe_b64encode(page.after.bytes).decode().rstrip("=")
        return cls(items=[TaskDocument.of(task) for task in page.tasks], cursor=cursor)


async def list_tasks(request: Request[State]) -> Response:
    """Answer a page of the caller's tasks."""
    page = await request.state["tasks"].page(principal_of(request), limit=_limit(request), after=_after(request))
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


def _after(request: Request[State]) -> UUID | None:
    cursor = request.query_params.get("cursor")
    try:
        return UUID(bytes=base64.b64decode(cursor + "==", b"-_", validate=True)) if cursor else None
    except (binascii.Error, ValueError):
        raise Invalid("", "cursor: expected the cursor of an earlier page") from None
