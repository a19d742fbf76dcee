"""Routes for operations: work that outlives a request, under `/api/v1/operations`."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.domain import operations as domain
from app.domain.errors import Invalid
from app.domain.identifiers import time_ordered_id
from app.operations.catalog import KINDS
from app.web.auth import principal_of
from app.web.documents import Json, read_object
from app.web.layers import route
from app.web.operation import CURSOR, IDEMPOTENCY_KEY, JSON, LIMIT, Operation, Resource, Schema, parameter
from app.web.requests import idempotency_key, page_limit, path_id
from app.web.state import ApiState
from app.wire.documents import after_cursor, fit
from app.wire.operations import NewOperation, OperationDocument, OperationPageDocument

PATH: Final = "/api/v1/operations"


async def start_operation(request: Request[ApiState]) -> Response:
    """Keep an operation for the workers, or answer the one that was kept under the same key."""
    key = idempotency_key(request)
    new = fit(await read_object(request, JSON), NewOperation)
    if new.kind not in KINDS:
        raise Invalid("/kind", f"expected one of {', '.join(KINDS)}")
    try:
        asked = KINDS[new.kind].request(new.input)
    except Invalid as error:
        raise Invalid(f"/input{error.pointer}", error.detail) from error
    now = request.state["now"]()
    start = domain.NewOperation(id=time_ordered_id(now), kind=new.kind, request=asked, key=key, now=now)
    operation = await request.state["operations"].start(principal_of(request), start)
    return Json(OperationDocument.of(operation), 202, {"Location": f"{PATH}/{operation.id}"})


async def list_operations(request: Request[ApiState]) -> Response:
    """Answer a page of the caller's operations."""
    page = await request.state["operations"].page(
        principal_of(request), limit=page_limit(request), after=after_cursor(request.query_params.get("cursor"))
    )
    return Json(OperationPageDocument.of(page))


async def get_operation(request: Request[ApiState]) -> Response:
    """Answer one operation."""
    found = await request.state["operations"].get(principal_of(request), path_id(request, "operation_id"))
    return Json(OperationDocument.of(found))


def _start_schema() -> Schema:
    """Describe what starts an operation: one alternative for each kind."""
    return {
        "title": "NewOperation",
        "description": "What a person starts: the input is what the kind takes.",
        "anyOf": [
            {
                "type": "object",
                "description": kind.summary,
                "properties": {
                    "kind": {"enum": [kind.name]},
                    "input": {"$ref": f"#/components/schemas/{kind.takes.__name__}"},
                },
                "required": ["kind", "input"],
                "additionalProperties": False,
            }
            for kind in KINDS.values()
        ],
    }


_ONE: Final = PATH + "/{operation_id}"
_OPERATION_ID: Final = parameter("operation_id", "path", "The operation.", {"type": "string", "format": "uuid"})

RESOURCE: Final = Resource(
    routes=(
        route(PATH, GET=list_operations, POST=start_operation),
        route(_ONE, GET=get_operation),
    ),
    operations=(
        Operation(
            method="post",
            path=PATH,
            name="startOperation",
            costly=True,
            summary="Start work that outlives the request; ask its Location how far it is",
            status=202,
            answer="OperationDocument",
            body="NewOperation",
            parameters=(IDEMPOTENCY_KEY,),
            headers=("Location",),
            problems=(413, 415, 422),
        ),
        Operation(
            method="get",
            path=PATH,
            name="listOperations",
            summary="Your operations, newest first",
            answer="OperationPageDocument",
            parameters=(LIMIT, CURSOR),
            problems=(422,),
        ),
        Operation(
            method="get",
            path=_ONE,
            name="getOperation",
            summary="How far an operation is, and what came of it",
            answer="OperationDocument",
            parameters=(_OPERATION_ID,),
            problems=(404,),
        ),
    ),
    documents=(OperationDocument, OperationPageDocument, *(kind.takes for kind in KINDS.values())),
    schemas={"NewOperation": _start_schema()},
)
