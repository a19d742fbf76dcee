"""What the process counts. Anything may count here: it is a dictionary, and the exporter looks at it once a minute."""

from threading import Lock
from typing import Final

VALUES_MAX: Final = 50
"""Values that the label of a counter may have; further ones are counted as `OTHER`, so that none can flood the rest."""
OTHER: Final = "other"


class Counter:
    """Counts by one label.

    Args:
        name: Of the metric.
        label: What tells its series apart.
    """

    def __init__(self, name: str, label: str = "outcome") -> None:
        self.name = name
        self.label = label
        self._totals: dict[str, int] = {}
        self._lock = Lock()

    def add(self, value: str, amount: int = 1) -> None:
        """Count one more, or `amount` more, of what the label's value says; never a value that a caller can choose."""
        with self._lock:
            if value not in self._totals and len(self._totals) >= VALUES_MAX:
                value = OTHER
            self._totals[value] = self._totals.get(value, 0) + amount

    def totals(self) -> dict[str, int]:
        """Return what was counted since the start, by value."""
        with self._lock:
            return dict(self._totals)


class Gauge:
    """Holds the last value of something that goes up and down.

    Args:
        name: Of the metric.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.value: float | None = None
        """None until somebody has looked."""

    def set(self, value: float) -> None:
        """Say how much it is now."""
        self.value = value


CACHE_READS: Final = Counter("cache.reads")
"""Reads of the cache: hit, stale, miss, failed."""
LIMITER_ANSWERS: Final = Counter("limiter.answers")
"""What the limiter said: refused; local, when the shared one did not answer."""
MESSAGES: Final = Counter("queue.messages")
"""Messages by what came of them."""
MODEL_CALLS: Final = Counter("model.calls")
"""Calls of the language model by what came of them."""
TELEMETRY_DROPPED: Final = Counter("telemetry.dropped", "kind")
"""Spans, points and log lines that could not be delivered: span, point, line."""
OUTBOX_DEPTH: Final = Gauge("outbox.depth")
"""Messages that wait to be sent."""
OUTBOX_AGE_S: Final = Gauge("outbox.age")
"""Seconds that the oldest of them has waited."""

COUNTERS: Final = (CACHE_READS, LIMITER_ANSWERS, MESSAGES, MODEL_CALLS, TELEMETRY_DROPPED)
"""What is exported."""
GAUGES: Final = (OUTBOX_DEPTH, OUTBOX_AGE_S)
"""What is exported."""
