"""A circuit: after several failures in a row a thing is not asked for a while, then by one call at a time."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from app.domain.errors import Unavailable

FAILURES_TO_OPEN: Final = 5
OPEN_S: Final = 20.0
"""How long nothing is asked."""


class Circuit:
    """Closed it lets every call through, open none, and after `open_s` one, whose outcome decides.

    Args:
        name: Of the thing that is called.
        failures: So many in a row open it.
        open_s: How long it stays open.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        name: str,
        *,
        failures: int = FAILURES_TO_OPEN,
        open_s: float = OPEN_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._limit = failures
        self._open_s = open_s
        self._clock = clock
        self._failures = 0
        self._closed_from = 0.0
        self._probing = False

    @contextmanager
    def call(self) -> Generator["Call"]:
        """Let a call through; it counts as what is noted in the block, or as nothing, as when its caller left.

        Raises:
            Unavailable: The circuit is open.
        """
        is_probe = self._failures >= self._limit
        if is_probe and (self._probing or self._clock() < self._closed_from):
            raise Unavailable(f"{self._name} failed {self._failures} times; it is not asked now")
        self._probing = is_probe
        call = Call()
        try:
            yield call
        finally:
            if is_probe:
                self._probing = False
            self._note(call)

    def _note(self, call: "Call") -> None:
        if call.succeeded:
            self._failures = 0
        elif call.failed:
            self._failures += 1
            self._closed_from = self._clock() + self._open_s


class Call:
    """What came of a call."""

    def __init__(self) -> None:
        self.succeeded = False
        self.failed = False
