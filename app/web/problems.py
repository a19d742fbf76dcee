"""Every error as a problem document (RFC 9457): one table, one shape, nothing of the inside."""

from http import HTTPStatus
from typing import Any, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response

from app.domain.errors import (
    Conflict,
    Erased,
    Forbidden,
    Invalid,
    NotFound,
    ProductError,
    TooMany,
    Unauthenticated,
    Unavailable,
    VersionMismatch,
)
from app.telemetry.failures import cause
from app.web.documents import Json
from app.web.request_log import BECAUSE, request_id

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 5


class PayloadTooLarge(HTTPException):
    """The body is longer than the service reads."""

    def __init__(self, limit: int) -> None:
        # The rest of the body is not read, so the connection is of no more use.
        super().__init__(413, f"expected a body of at most {limit} bytes", {"Connection": "close"})


class FieldProblem(msgspec.Struct, frozen=True):
    """One member of the request at fault: its JSON pointer and the rule."""

    pointer: str
    detail: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem document; `instance` is the id of the request."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FieldProblem] = []


_OF_PRODUCT: Final[dict[type[ProductError], tuple[int, str, str]]] = {
    Invalid: (422, "invalid", "the request breaks a rule"),
    NotFound: (404, "not-found", "there is no such thing"),
    VersionMismatch: (412, "version-mismatch", "it has changed since you read it; read it again"),
    Conflict: (409, "conflict", "it contradicts what is there already"),
    Forbidden: (403, "forbidden", "you may not do this"),
    Erased: (410, "erased", "this account has been erased"),
    TooMany: (429, "too-many", "you ask more often than allowed; wait as long as Retry-After says"),
    Unauthenticated: (401, "unauthenticated", "the bearer token is not valid"),
    Unavailable: (503, "unavailable", "something the request needs does not answer; try again later"),
}
_TYPE_BASE: Final = "/docs#problem-"
SLUGS: Final = {
    **{status: slug for status, slug, _ in _OF_PRODUCT.values()},
    400: "bad-request",
    405: "method-not-allowed",
    408: "request-timeout",
    413: "payload-too-large",
    415: "unsupported-media-type",
    431: "header-fields-too-large",
    500: "internal",
}
"""The catalogue: the name of each status that the service answers with; `/docs` lists it."""


def type_of(status: int) -> str:
    """Return the type of a problem with this status."""
    return _TYPE_BASE + SLUGS[status] if status in SLUGS else "about:blank"


def reason(error: ProductError) -> str:
    """Return what a caller is told about an error of the product."""
    return _OF_PRODUCT[type(error)][2]


def problem_response(connection: HTTPConnection[Any], error: Exception) -> Response:
    """Translate an error; what is not in the table is a 500 that says nothing."""
    status, detail, headers, errors = 500, "the service failed; tell us the instance", dict[str, str](), []
    match error:
        case Invalid():
            errors = [FieldProblem(pointer=error.pointer, detail=error.detail)]
            status, _, detail = _OF_PRODUCT[Invalid]
        case TooMany():
            status, _, detail = _OF_PRODUCT[TooMany]
            headers["Retry-After"] = str(error.retry_after_s)
        case Conflict():
            status, _, detail = _OF_PRODUCT[Conflict]
            detail = str(error) or detail
        case ProductError():
            status, _, detail = _OF_PRODUCT[type(error)]
        case HTTPException():
            status, detail, headers = error.status_code, error.detail, dict(error.headers or {})
        case ClientDisconnect():
            status, detail = 400, "the body ended early"
        case _:
            pass
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER_S)
        connection.scope[BECAUSE] = cause(error)
    if status == HTTPStatus.UNAUTHORIZED:
        headers.setdefault("WWW-Authenticate", 'Bearer realm="api", error="invalid_token"')
    problem = Problem(
        type=type_of(status),
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=request_id(connection.scope),
        errors=errors,
    )
    return Json(problem, status, headers, MEDIA_TYPE)


def handle(request: Request[Any], error: Exception) -> Response:
    """Answer an error of a route; the shape that Starlette's exception handlers have."""
    return problem_response(request, error)
