"""What the API does, operation by operation; `app.web.openapi` describes it, a test compares it with the routes."""

from dataclasses import dataclass
from typing import Any, Final

from app.contract import LIVENESS_PATH, READINESS_PATH
from app.web.tasks import MERGE_PATCH
from app.web.tasks import PATH as TASKS
from app.wire import LIMIT_DEFAULT, LIMIT_MAX

PROTECTED: Final = "/api/"
"""Every path below it needs a bearer token, also one that no route has."""
OPENAPI_PATH: Final = "/openapi.json"
DOCS_PATH: Final = "/docs"
JSON: Final = "application/json"

_Schema = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One operation: what it does, takes and answers.

    Args:
        answer: Name of the schema of the successful answer; empty for none.
        body: Name of the schema of the request body; empty for none.
        also: Other statuses, each with the name of its schema.
        problems: Statuses answered with a problem document, beside those that every operation can answer.
    """

    method: str
    path: str
    name: str
    summary: str
    status: int = 200
    answer: str = ""
    media_type: str = JSON
    body: str = ""
    body_types: tuple[str, ...] = (JSON,)
    parameters: tuple[_Schema, ...] = ()
    headers: tuple[str, ...] = ()
    also: tuple[tuple[int, str], ...] = ()
    problems: tuple[int, ...] = ()


def _parameter(name: str, place: str, description: str, schema: _Schema) -> _Schema:
    required = {"required": True} if place == "path" else {}
    return {"name": name, "in": place, "description": description, "schema": schema, **required}


_LIMIT: Final = _parameter(
    "limit",
    "query",
    "Most tasks to answer.",
    {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT},
)
_CURSOR: Final = _parameter("cursor", "query", "The cursor of the page before.", {"type": "string"})
_TASK_ID: Final = _parameter("task_id", "path", "The task.", {"type": "string", "format": "uuid"})
_IF_MATCH: Final = _parameter("If-Match", "header", "Entity tags; the task must have one of them.", {"type": "string"})
_ONE: Final = TASKS + "/{task_id}"

OPERATIONS: Final = (
    Operation(method="get", path=LIVENESS_PATH, name="live", summary="Whether the process answers", answer="Alive"),
    Operation(
        method="get",
        path=READINESS_PATH,
        name="ready",
        summary="Whether requests can be served",
        answer="Readiness",
        also=((503, "Readiness"),),
    ),
    Operation(
        method="get",
        path=TASKS,
        name="listTasks",
        summary="Your tasks, newest first",
        answer="TaskPageDocument",
        parameters=(_LIMIT, _CURSOR),
        problems=(422,),
    ),
    Operation(
        method="post",
        path=TASKS,
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
        headers=("ETag",),
        problems=(404,),
    ),
    Operation(
        method="patch",
        path=_ONE,
        name="changeTask",
        summary="Change a task: an absent member stays, null takes it away",
        answer="TaskDocument",
        body="TaskPatch",
        body_types=(MERGE_PATCH, JSON),
        parameters=(_TASK_ID, _IF_MATCH),
        headers=("ETag",),
        problems=(404, 412, 413, 415, 422),
    ),
    Operation(
        method="delete",
        path=_ONE,
        name="removeTask",
        summary="Delete a task",
        status=204,
        parameters=(_TASK_ID, _IF_MATCH),
        problems=(404, 412),
    ),
    Operation(method="get", path=OPENAPI_PATH, name="openapi", summary="This description", answer="OpenApi"),
    Operation(
        method="get",
        path=DOCS_PATH,
        name="docs",
        summary="This description for people",
        answer="Html",
        media_type="text/html",
    ),
)
