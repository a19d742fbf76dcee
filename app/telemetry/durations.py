"""How long requests took: every one of them, because a sample knows nothing of the rare and the worst.

In lists, because a record in a histogram of the SDK costs about 30 us, more than tracing.
"""

from bisect import bisect_left
from threading import Lock
from typing import Final

BOUNDS_MS: Final = (25, 50, 100, 200, 500, 1000)
"""Upper bounds of the buckets; one more holds what took longer."""
SERIES_MAX: Final = 1000
"""Series that are kept; there are as many as routes, methods and classes, so what is beyond has a fault."""

Key = tuple[str, str, int]
"""Method, route, and class of the status: 2 for 2xx, 0 for never answered."""


class Cell:
    """The durations of one series, in milliseconds."""

    __slots__ = ("buckets", "high", "low", "total")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS_MS) + 1)
        self.total = 0.0
        self.low = float("inf")
        self.high = 0.0

    def add(self, milliseconds: float) -> None:
        """Add one request."""
        self.buckets[bisect_left(BOUNDS_MS, milliseconds)] += 1
        self.total += milliseconds
        self.low = min(self.low, milliseconds)
        self.high = max(self.high, milliseconds)

    @property
    def count(self) -> int:
        """How many requests there were."""
        return sum(self.buckets)


class Durations:
    """The durations of an interval, by series."""

    def __init__(self) -> None:
        self._cells: dict[Key, Cell] = {}
        self._lock = Lock()

    def add(self, method: str, route: str, status: int, milliseconds: float) -> None:
        """Add one request."""
        key = (method, route, status // 100)
        with self._lock:
            cell = self._cells.get(key)
            if cell is None:
                if len(self._cells) >= SERIES_MAX:
                    return
                cell = self._cells[key] = Cell()
            cell.add(milliseconds)

    def take(self) -> dict[Key, Cell]:
        """Return the interval that ends now, and begin the next."""
        with self._lock:
            taken, self._cells = self._cells, {}
        return taken


REQUESTS: Final = Durations()
"""The requests of this process."""
