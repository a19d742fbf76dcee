"""Routes for administrators: what is past its term, and the record of processing activities."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.domain.compliance import activities
from app.domain.errors import NotFound, Unavailable
from app.web.admin import administrator_of, put_on_record
from app.web.documents import Json
from app.web.layers import route
from app.web.operation import Operation, Resource
from app.web.state import ApiState
from app.wire.compliance import ComplianceDocument, RetentionDocument

RETENTION: Final = "/api/v1/admin/retention"
COMPLIANCE: Final = "/api/v1/admin/compliance"


async def get_retention(request: Request[ApiState]) -> Response:
    """Answer the last report of the upkeep."""
    await _admit(request, "retention.read")
    return Json(RetentionDocument.of(await request.state["privacy"].reports.latest()))


async def get_compliance(request: Request[ApiState]) -> Response:
    """Answer the record, with the terms that were in force when the upkeep ran last."""
    await _admit(request, "compliance.read")
    try:
        terms = (await request.state["privacy"].reports.latest()).terms
    except (NotFound, Unavailable):  # the record is true without them
        terms = None
    return Json(ComplianceDocument.of(activities(terms)))


async def _admit(request: Request[ApiState], action: str) -> None:
    """Let administrators pass, and audit both that they did and that others tried."""
    await administrator_of(request, action, "report")
    await put_on_record(request, action, "report")


RESOURCE: Final = Resource(
    routes=(route(RETENTION, GET=get_retention), route(COMPLIANCE, GET=get_compliance)),
    operations=(
        Operation(
            method="get",
            path=RETENTION,
            name="getRetention",
            summary="How much was past its term when the upkeep ran last; for administrators",
            answer="RetentionDocument",
            problems=(404,),
        ),
        Operation(
            method="get",
            path=COMPLIANCE,
            name="getCompliance",
            summary="The record of processing activities (GDPR, Article 30); for administrators",
            answer="ComplianceDocument",
        ),
    ),
    documents=(RetentionDocument, ComplianceDocument),
)
