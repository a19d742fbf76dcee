"""Liveness, which pings nothing, and readiness, which derives from what the wiring registered."""

import asyncio
from http import HTTPStatus
from typing import Final, Literal

import msgspec
from starlette.requests import Request

from app.web.checks import CheckState
from app.web.documents import Json
from app.web.state import Checked

_BADNESS: Final[tuple[CheckState, ...]] = ("ok", "degraded", "failed")


class Alive(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(msgspec.Struct, frozen=True):
    """The worst state of all checks, and each check's state by its name."""

    status: CheckState
    checks: dict[str, CheckState]


async def live(_request: Request[Checked]) -> Json:
    """Say that the process answers."""
    return Json(Alive())


async def ready(request: Request[Checked]) -> Json:
    """Say whether every hard dependency answers: 200, else 503."""
    checks = request.state["checks"]
    states = await asyncio.gather(*(check.state() for check in checks))
    worst = _BADNESS[max((_BADNESS.index(state) for state in states), default=0)]
    readiness = Readiness(status=worst, checks={check.name: state for check, state in zip(checks, states, strict=True)})
    return Json(readiness, HTTPStatus.SERVICE_UNAVAILABLE if worst == "failed" else HTTPStatus.OK)
