"""Who has which plan, under `/api/v1/admin/users/plan`: for the role admin, on record."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.cache.keys import Kind
from app.domain.access import require
from app.domain.audit import AuditEvent
from app.domain.errors import Forbidden
from app.domain.models import Role
from app.domain.profiles import grant
from app.web.auth import principal_of
from app.web.documents import read_object
from app.web.layers import route
from app.web.operation import JSON, Operation, Resource
from app.web.state import ApiState
from app.wire.documents import fit
from app.wire.profiles import PlanOfPerson

PATH: Final = "/api/v1/admin/users/plan"
ACTION: Final = "plan.grant"


async def grant_plan(request: Request[ApiState]) -> Response:
    """Give a person a plan. It is on record before it is done, so that it is never done without."""
    admin, now = principal_of(request), request.state["now"]()
    try:
        require(admin, Role.ADMIN)
    except Forbidden:
        await request.state["audit"].record(
            AuditEvent(actor=admin, action=ACTION, object="profile", outcome="refused", at=now)
        )
        raise
    given = fit(await read_object(request, JSON), PlanOfPerson)

    async def record(outcome: str) -> None:
        detail = {"plan": given.plan.value}
        event = AuditEvent(
            actor=admin, action=ACTION, object="profile", outcome=outcome, at=now, about=given.person(), detail=detail
        )
        await request.state["audit"].record(event)

    await record("done")
    try:
        await request.state["profiles"].change(given.person(), lambda profile: grant(profile, given.plan, now=now))
    except Exception:
        await record("failed")
        raise
    finally:
        await request.state["cache"].changed(given.person(), Kind.PROFILE)
    return Response(status_code=204)


RESOURCE: Final = Resource(
    routes=(route(PATH, PUT=grant_plan),),
    operations=(
        Operation(
            method="put",
            path=PATH,
            name="grantPlan",
            summary="Give a person a plan; for the role admin",
            status=204,
            body="PlanOfPerson",
            problems=(409, 413, 415, 422),
        ),
    ),
    documents=(PlanOfPerson,),
)
