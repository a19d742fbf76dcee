"""That the process has been told to end, and how long what is under way may still take."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

LAST_S: Final = 15.0
"""How long what takes its time may go on after the demand to end; the rest of the grace is for keeping what came."""


class Leaving:
    """Begins once, and then bounds every wait that is inside `bound`.

    Args:
        last_s: Seconds that are left to all of them together.
    """

    def __init__(self, *, last_s: float = LAST_S) -> None:
        self._last_s = last_s
        self._ends_at: float | None = None
        self._limits: set[asyncio.Timeout] = set()

    @property
    def begun(self) -> bool:
        """Whether the process has been told to end."""
        return self._ends_at is not None

    def begin(self) -> None:
        """Note that it has."""
        self._ends_at = asyncio.get_running_loop().time() + self._last_s
        for limit in self._limits:
            limit.reschedule(self._ends_at)

    @asynccontextmanager
    async def bound(self) -> AsyncGenerator[None]:
        """Let a wait take any time, until the process leaves.

        Raises:
            TimeoutError: It has left for too long.
        """
        async with asyncio.timeout_at(self._ends_at) as limit:
            self._limits.add(limit)
            try:
                yield
            finally:
                self._limits.discard(limit)
