"""What a request costs the process that serves it, whatever else the machine does."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from tests.rig.loop_clock import LoopClock

AT_A_TIME: Final = 100
ROUNDS: Final = 8
"""The cheapest round counts: others on the machine make one dearer, and nothing makes one cheaper than it is."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Of requests one after another.

    Args:
        processor_s: Seconds of the processor that they took together.
        longest_s: Seconds that the longest of them waited, as the loop could run.
    """

    processor_s: float
    longest_s: float


async def cost(ask: Callable[[], Awaitable[None]], clock: LoopClock) -> Cost:
    """Ask again and again; server and client are in this process."""
    rounds: list[float] = []
    longest = 0.0
    for _ in range(ROUNDS):
        used = time.process_time()
        for _ in range(AT_A_TIME):
            started = clock.seconds
            await ask()
            longest = max(longest, clock.seconds - started)
        rounds.append(time.process_time() - used)
    return Cost(processor_s=min(rounds), longest_s=longest)
