"""A clock for what is waited for, on a machine that is busy with something else."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

STEP_S: Final = 0.005


class LoopClock:
    """Goes with the event loop, step by step, and stands still while this process is given no processor.

    Whoever waits for a timer, a lock or an answer lets the loop run meanwhile, and whoever computes uses a processor:
    all of that counts. What others on the machine do does not.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._now, self._used = time.monotonic(), time.process_time()

    def step(self) -> None:
        """Go on: at most by a step and a late one, and by what was computed."""
        now, used = time.monotonic(), time.process_time()
        self.seconds += min(now - self._now, 2 * STEP_S + used - self._used)
        self._now, self._used = now, used


@asynccontextmanager
async def loop_clock() -> AsyncGenerator[LoopClock]:
    """Start a clock in this event loop."""
    clock = LoopClock()

    async def go() -> None:
        while True:
            await asyncio.sleep(STEP_S)
            clock.step()

    going = asyncio.create_task(go())
    try:
        yield clock
    finally:
        going.cancel()
