"""Who has which plan, under `/api/v1/admin/users/plan`: for the role admin, on record."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.cache.keys import Kind
from app.domain.profiles import grant
from app.web.admin import administrator_of, put_on_record
from app.web.documents import read_object
from app.web.layers import route
from app.web.operation import JSON, Operation, Resource
from app.web.state import ApiState
from app.wire.documents import fit
from app.wire.profiles import PlanOfPerson

PATH: Final = "/api/v1/admin/users/plan"
ACTION: Final = "plan.grant"
THING: Final = "profile"


async def grant_plan(request: Request[ApiState]) -> Response:
    """Give a person a plan. It is on record before it is done, so that it is never done without."""
    await administrator_of(request, ACTION, THING)
    given, now = fit(await read_object(request, JSON), PlanOfPerson), request.state["now"]()
    person, detail = given.person(), {"plan": given.plan.value}
    await put_on_record(request, ACTION, THING, about=person, detail=detail)
    try:
        await request.state["profiles"].change(person, lambda profile: grant(profile, given.plan, now=now))
    except Exception:
        await put_on_record(request, ACTION, THING, outcome="failed", about=person, detail=detail)
        raise
    finally:
        await request.state["cache"].changed(person, Kind.PROFILE)
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
