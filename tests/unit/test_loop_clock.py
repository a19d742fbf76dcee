"""The clock that measures waits on a busy machine."""

import asyncio
import time

from tests.rig.loop_clock import STEP_S, loop_clock


async def test_what_is_computed_counts_and_a_time_without_the_processor_does_not() -> None:
    async with loop_clock() as clock:
        await asyncio.sleep(0)
        used = time.process_time()
        while time.process_time() - used < 0.05:
            pass
        clock.step()
        computed = clock.seconds
        time.sleep(0.2)  # noqa: ASYNC251 - the loop stands still and no processor is used, as on a busy machine
        clock.step()
        assert computed >= 0.05
        assert clock.seconds - computed < 0.05


async def test_a_wait_of_the_loop_counts() -> None:
    async with loop_clock() as clock:
        async with asyncio.timeout(30):
            while clock.seconds < 10 * STEP_S:  # noqa: ASYNC110 - the clock goes with the loop
                await asyncio.sleep(STEP_S)
