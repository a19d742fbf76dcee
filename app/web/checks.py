"""What readiness is made of."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

CheckState = Literal["ok", "degraded", "failed"]

_log = logging.getLogger(__name__)


@dataclass(kw_only=True, slots=True)
class Check:
    """One thing the service depends on. It remembers its last state, so that a change is logged and a state is not.

    Args:
        name: How readiness names it.
        hard: Whether nothing can be served without it.
        timeout: Seconds after which silence is a failure.
        probe: Returns when the thing answers, raises when it does not.
    """

    name: str
    hard: bool
    timeout: float
    probe: Callable[[], Awaitable[None]]
    _last: CheckState = field(default="ok", init=False, repr=False)

    async def state(self) -> CheckState:
        """Probe once: a hard thing is `ok` or `failed`, a soft one `ok` or `degraded`."""
        try:
            async with asyncio.timeout(self.timeout):
                await self.probe()
        except Exception as error:  # noqa: BLE001 - in whatever way a probe fails, the check has failed
            return self._changed_to("failed" if self.hard else "degraded", why=repr(error))
        return self._changed_to("ok", why="it answers")

    def _changed_to(self, state: CheckState, *, why: str) -> CheckState:
        if state != self._last:
            level = logging.INFO if state == "ok" else logging.WARNING
            _log.log(level, "check is %s", state, extra={"check": self.name, "why": why})
        self._last = state
        return state
