"""The job that keeps house, a chore after another; one that fails is told and does not keep the others from being done.

Whatever is cut off is done by the next run: each chore goes on where it finds things.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.telemetry.counters import CHORES, Counter
from app.telemetry.tracing import continued

CHORE_S: Final = 1_800.0
"""Bound on one chore."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Chore:
    """One thing to do.

    Args:
        name: How the log names it.
        work: Does it, and tells in numbers what was done.
    """

    name: str
    work: Callable[[], Awaitable[Mapping[str, int]]]


async def keep_house(chores: Sequence[Chore], *, within_s: float = CHORE_S, counter: Counter = CHORES) -> bool:
    """Do the chores in order; returns whether all of them were done.

    Args:
        chores: What to do.
        within_s: Seconds that one may take.
        counter: Where it is counted what comes of them.
    """
    all_done = True
    for chore in chores:
        done = await _do(chore, within_s)
        counter.add("done" if done else "failed")
        all_done = all_done and done
    return all_done


async def _do(chore: Chore, within_s: float) -> bool:
    started = time.monotonic()
    try:
        with continued("", chore.name):
            async with asyncio.timeout(within_s):
                told = await chore.work()
    except Exception:  # noqa: BLE001 - in whatever way it failed, the others come next
        _log.exception("a chore is not done", extra={"chore": chore.name})
        return False
    line = {"chore": chore.name, "milliseconds": round((time.monotonic() - started) * 1000), **told}
    _log.info("a chore is done", extra=line)
    return True
