"""What only administrators may do: what they do is on record before it is done, and what others try is too."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from starlette.requests import Request

from app.domain.access import require
from app.domain.audit import AuditEvent
from app.domain.errors import Forbidden
from app.domain.models import Principal, Role
from app.web.auth import principal_of
from app.web.state import ApiState

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


async def administrator_of(request: Request[ApiState], action: str, thing: str) -> Principal:
    """Return the administrator who calls; call it before anything else is looked at.

    Args:
        request: Whose bearer must have the role.
        action: `noun.verb`, for the trail.
        thing: What it is to be done to, for the trail.

    Raises:
        Forbidden: The person has not the role, which is on record now.
        Unavailable: That cannot be put on record.
    """
    person = principal_of(request)
    try:
        require(person, Role.ADMIN)
    except Forbidden:
        await put_on_record(request, action, thing, outcome="refused")
        raise
    return person


async def put_on_record(
    request: Request[ApiState],
    action: str,
    thing: str,
    *,
    outcome: str = "done",
    about: Principal | None = None,
    detail: Mapping[str, str] = _NOTHING,
) -> None:
    """Note in the audit trail what the caller does; call it before it is done, so that it is never done without.

    Args:
        request: Whose bearer does it.
        action: `noun.verb`.
        thing: What it is done to, by kind and id.
        outcome: `done`, `refused` or `failed`.
        about: Whose things it concerns.
        detail: Facts, none of which tells who a person is.

    Raises:
        Unavailable: It cannot be put on record, so it must not be done.
    """
    await request.state["audit"].record(
        AuditEvent(
            actor=principal_of(request),
            action=action,
            object=thing,
            outcome=outcome,
            at=request.state["now"](),
            about=about,
            detail=detail,
        )
    )
