"""Routes for the audit trail, under `/api/v1/admin/audit`: for the role admin, and each look is on record itself."""

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.domain.audit_history import AuditQuery
from app.domain.errors import Invalid
from app.web.admin import administrator_of, put_on_record
from app.web.documents import Json
from app.web.layers import route
from app.web.operation import CURSOR, LIMIT, Operation, Resource, parameter
from app.web.requests import page_limit, query_moment
from app.web.state import ApiState
from app.wire.audit import (
    VERIFIED_DEFAULT,
    VERIFIED_MAX,
    AuditEntryDocument,
    AuditPageDocument,
    AuditReportDocument,
    FlawDocument,
    before_cursor,
)

PATH: Final = "/api/v1/admin/audit"
VERIFICATION: Final = f"{PATH}/verification"

_PERSON: Final = r"[0-9a-f]{16}"
_ACTION: Final = r"[a-z0-9_.]{1,64}"
_FORMS: Final = (
    ("actor", re.compile(_PERSON), "the 16 hexadecimal digits of a pseudonym"),
    ("about", re.compile(_PERSON), "the 16 hexadecimal digits of a pseudonym"),
    ("action", re.compile(_ACTION), "at most 64 letters, digits, dots and underscores"),
)
_OBJECT: Final = "audit"
_READ: Final = "audit.read"
_VERIFY: Final = "audit.verify"


async def list_audit(request: Request[ApiState]) -> Response:
    """Answer a page of entries."""
    await administrator_of(request, _READ, _OBJECT)
    query, limit = _query(request), page_limit(request)
    before = before_cursor(request.query_params.get("cursor"))
    await put_on_record(request, _READ, _OBJECT, detail=query.facts())
    return Json(AuditPageDocument.of(await request.state["audit_history"].page(query, limit=limit, before=before)))


async def verify_audit(request: Request[ApiState]) -> Response:
    """Check the chain, as far back as is asked for."""
    await administrator_of(request, _VERIFY, _OBJECT)
    last = _last(request)
    await put_on_record(request, _VERIFY, _OBJECT, detail={"last": str(last)})
    return Json(AuditReportDocument.of(await request.state["audit_history"].verify(last=last)))


def _query(request: Request[ApiState]) -> AuditQuery:
    given = request.query_params
    for name, form, expected in _FORMS:
        if name in given and not form.fullmatch(given[name]):
            raise Invalid("", f"{name}: expected {expected}")
    return AuditQuery(
        actor=given.get("actor", ""),
        about=given.get("about", ""),
        action=given.get("action", ""),
        since=query_moment(request, "from"),
        until=query_moment(request, "to"),
    )


def _last(request: Request[ApiState]) -> int:
    text = request.query_params.get("last", str(VERIFIED_DEFAULT))
    if re.fullmatch(r"[1-9][0-9]{0,5}", text) and int(text) <= VERIFIED_MAX:
        return int(text)
    raise Invalid("", f"last: expected 1 to {VERIFIED_MAX}")


_TIME: Final = {"type": "string", "format": "date-time"}
_PARAMETERS: Final = (
    LIMIT,
    CURSOR,
    parameter("actor", "query", "The pseudonym of who did it.", {"type": "string", "pattern": f"^{_PERSON}$"}),
    parameter("about", "query", "The pseudonym of whom it concerns.", {"type": "string", "pattern": f"^{_PERSON}$"}),
    parameter("action", "query", "What was done, `noun.verb`.", {"type": "string", "pattern": f"^{_ACTION}$"}),
    parameter("from", "query", "The earliest time.", _TIME),
    parameter("to", "query", "The time before which it was.", _TIME),
)
_LAST: Final = parameter(
    "last",
    "query",
    "How many of the newest entries are checked.",
    {"type": "integer", "minimum": 1, "maximum": VERIFIED_MAX, "default": VERIFIED_DEFAULT},
)

RESOURCE: Final = Resource(
    routes=(route(PATH, GET=list_audit), route(VERIFICATION, GET=verify_audit)),
    operations=(
        Operation(
            method="get",
            path=PATH,
            name="listAudit",
            summary="What was done by whom, newest first; for the role admin",
            answer="AuditPageDocument",
            parameters=_PARAMETERS,
            problems=(422,),
        ),
        Operation(
            method="get",
            path=VERIFICATION,
            name="verifyAudit",
            summary="Whether the audit trail is as it was written; for the role admin",
            answer="AuditReportDocument",
            parameters=(_LAST,),
            problems=(422,),
        ),
    ),
    documents=(AuditEntryDocument, AuditPageDocument, AuditReportDocument, FlawDocument),
)
