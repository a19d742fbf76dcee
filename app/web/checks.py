"""What readiness is made of."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

CheckState = Literal["ok", "degraded", "failed"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing the service depends on.

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

    async def state(self) -> CheckState:
        """Probe once: a hard thing is `ok` or `failed`, a soft one `ok` or `degraded`."""
        try:
            async with asyncio.timeout(self.timeout):
                await self.probe()
        except Exception as error:  # noqa: BLE001 - in whatever way a probe fails, the check has failed
            _log.warning("check failed", extra={"check": self.name, "error": repr(error)})
            return "failed" if self.hard else "degraded"
        return "ok"
