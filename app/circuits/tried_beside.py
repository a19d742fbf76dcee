"""A circuit that is tried beside requests: while it is open each of them is refused at once, and none is the trial."""

import time
from collections.abc import Callable
from typing import Final

FAILURES: Final = 3
"""Failures in a row after which nothing is asked any more."""
TRY_AGAIN_S: Final = 1.0
"""Least time between two trials while open: a return is noticed within this and the trial's own bound."""


class Circuit:
    """Closed while things go well; open after `FAILURES` in a row, until a trial goes well.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._tried_at = float("-inf")
        self.closed = True
        self.opened = 0
        """Times it has opened."""

    def succeeded(self) -> None:
        """Note that it answered."""
        self._failures = 0
        self.closed = True

    def failed(self) -> None:
        """Note that it did not."""
        self._failures += 1
        if self.closed and self._failures >= FAILURES:
            self.closed = False
            self.opened += 1
            self._tried_at = self._clock()

    def trial_is_due(self) -> bool:
        """Tell whether one trial may be made now; only one caller is told so per `TRY_AGAIN_S`."""
        if self.closed or self._clock() - self._tried_at < TRY_AGAIN_S:
            return False
        self._tried_at = self._clock()
        return True
