"""What the API says about itself: for programs at `/openapi.json`, for people at `/docs`."""

from collections.abc import Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from app.routes.docs_page import CONTENT_SECURITY_POLICY, page
from app.routes.openapi import describe
from app.web.documents import Json
from app.web.layers import route
from app.web.operation import Operation, Resource

OPENAPI_PATH: Final = "/openapi.json"
DOCS_PATH: Final = "/docs"

_OPERATIONS: Final = (
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
_SCHEMAS: Final = {
    "OpenApi": {"type": "object", "required": ["openapi", "info", "paths"]},
    "Html": {"type": "string"},
}


def description_of(resources: Sequence[Resource]) -> Resource:
    """Make the resource that describes these resources, and itself."""

    async def openapi(_request: Request[Any]) -> Response:
        return Json(description)

    async def docs(_request: Request[Any]) -> Response:
        return HTMLResponse(page(description), headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY})

    own = Resource(
        routes=(route(OPENAPI_PATH, GET=openapi), route(DOCS_PATH, GET=docs)), operations=_OPERATIONS, schemas=_SCHEMAS
    )
    description = describe((*resources, own))
    return own
