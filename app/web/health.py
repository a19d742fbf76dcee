"""Liveness, which pings nothing, and readiness, which derives from what the wiring registered.

Readiness is found out once for all who ask within `FRESH_S`. What it is made of is told to the platform's probes, which
ask a replica directly; who comes through a proxy hears the whole and no part.
"""

import asyncio
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, Literal

import msgspec
from starlette.requests import Request

from app.web.address_limit import FORWARDED
from app.web.checks import Check, CheckState
from app.web.documents import Json
from app.web.front_door import FRONT_DOOR_HEADER
from app.web.state import Checked

FRESH_S: Final = 1.0
"""How long the result of the checks is used again; well below the period of the platform's probes."""
_BADNESS: Final[tuple[CheckState, ...]] = ("ok", "degraded", "failed")


class Alive(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(msgspec.Struct, frozen=True, omit_defaults=True):
    """The worst state of all checks, and each check's state by its name for who asks the replica directly."""

    status: CheckState
    checks: dict[str, CheckState] = {}


class ReadyRoute:
    """Answers whether every hard dependency answers: 200, else 503; and 503 once the process has been told to end.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._checking: asyncio.Task[Readiness] | None = None
        self._checked_at = float("-inf")

    async def __call__(self, request: Request[Checked]) -> Json:
        """Answer."""
        if (leaving := request.scope["state"].get("leaving")) and leaving.begun:
            return Json(Readiness(status="failed"), HTTPStatus.SERVICE_UNAVAILABLE)
        readiness = await asyncio.shield(self._current(request.state["checks"]))
        status = HTTPStatus.SERVICE_UNAVAILABLE if readiness.status == "failed" else HTTPStatus.OK
        is_direct = not {FORWARDED, FRONT_DOOR_HEADER} & {name for name, _ in request.scope["headers"]}
        return Json(readiness if is_direct else Readiness(status=readiness.status), status)

    def _current(self, checks: tuple[Check, ...]) -> asyncio.Task[Readiness]:
        if self._checking is None or (self._checking.done() and self._clock() - self._checked_at >= FRESH_S):
            self._checking = asyncio.create_task(self._check(checks))
        return self._checking

    async def _check(self, checks: tuple[Check, ...]) -> Readiness:
        states = await asyncio.gather(*(check.state() for check in checks))
        self._checked_at = self._clock()
        worst = _BADNESS[max((_BADNESS.index(state) for state in states), default=0)]
        return Readiness(status=worst, checks={check.name: state for check, state in zip(checks, states, strict=True)})


async def live(_request: Request[Checked]) -> Json:
    """Say that the process answers."""
    return Json(Alive())
