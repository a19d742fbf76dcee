"""What a request costs the process that serves it, whatever else the machine does."""

import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

from tests.rig.loop_clock import LoopClock

REQUESTS: Final = 100
ATTEMPTS: Final = 10
DEARER_MAX: Final = 1.2
LONGEST_S: Final = 0.25
"""Far more than a request takes, and less than any wait of the service."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Of requests one after another.

    Args:
        processor_s: Seconds of the processor that they took together, server and client.
        longest_s: Seconds that the longest of them waited, as the loop could run.
    """

    processor_s: float
    longest_s: float


async def cost(ask: Callable[[], Awaitable[None]], clock: LoopClock) -> Cost:
    """Ask again and again; server and client are in this process."""
    longest, used = 0.0, time.process_time()
    for _ in range(REQUESTS):
        started = clock.seconds
        await ask()
        longest = max(longest, clock.seconds - started)
    return Cost(processor_s=time.process_time() - used, longest_s=longest)


async def costs_no_more_beside(
    other: Callable[[], AbstractAsyncContextManager[None]], ask: Callable[[], Awaitable[None]], clock: LoopClock
) -> None:
    """Require that requests neither wait for something beside them nor cost more than without it.

    One attempt that shows it is enough: a processor that is shared makes any of them dearer, and none cheaper than it
    is. That nothing waits, each must show.
    """
    await cost(ask, clock)  # warm
    seen: list[tuple[Cost, Cost]] = []
    for _ in range(ATTEMPTS):
        alone = await cost(ask, clock)
        async with other():
            beside = await cost(ask, clock)
        seen.append((alone, beside))
        assert beside.longest_s < LONGEST_S, seen
        if beside.processor_s <= DEARER_MAX * alone.processor_s:
            return
    raise AssertionError(f"dearer each time: {seen}")
