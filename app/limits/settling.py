"""Settles limits in the background of a process that serves requests."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Final

from app.domain.errors import Unavailable
from app.limits.settled import SettledAllowance
from app.telemetry.counters import LIMITER_ANSWERS, Counter

INTERVAL_S: Final = 0.5
"""Time between two settlements: how long other replicas may not know of a request. Below `LATE_S`, so that what is
told in time is told in full."""
STOP_S: Final = 0.5
"""How long the last settlement may take; what it does not bring, nobody is told of."""

_log = logging.getLogger(__name__)


@asynccontextmanager
async def settling(
    allowances: Iterable[SettledAllowance], *, answers: Counter = LIMITER_ANSWERS, interval_s: float = INTERVAL_S
) -> AsyncGenerator[None]:
    """Settle until the end, and once more then.

    Args:
        allowances: What is settled.
        answers: Where it is counted that a settlement failed.
        interval_s: Seconds between two settlements.
    """
    stopping = asyncio.Event()
    work = asyncio.create_task(_settle(tuple(allowances), stopping, answers, interval_s))
    try:
        yield
    finally:
        stopping.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(work, STOP_S)


async def _settle(
    allowances: Iterable[SettledAllowance], stopping: asyncio.Event, answers: Counter, interval_s: float
) -> None:
    is_last = False
    while not is_last:
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), interval_s)
        is_last = stopping.is_set()
        for allowance in allowances:
            try:
                await allowance.settle()
            except Unavailable:
                answers.add("unsettled")
            except Exception:  # noqa: BLE001 - the loop must outlive every error
                answers.add("unsettled")
                _log.exception("a limit cannot be settled")
