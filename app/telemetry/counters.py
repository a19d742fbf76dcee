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
"""Reads of the cache by where the answer was: near, in the process; stale, so too, and a new one is fetched; joined, on
its way to another caller; shared, in Redis; miss, at the source; unshared, so too, while Redis could not be
asked. Renewed is what was fetched behind a stale answer: no read."""
CHORES: Final = Counter("upkeep.chores")
"""Chores of the upkeep by what came of them: done, failed."""
LIMITER_ANSWERS: Final = Counter("limiter.answers")
"""What the limiter said: the name of the limit that a request was over; local, when Redis could not be asked. Unsettled
is what Redis could not be told in time of what a replica let through: once per attempt."""
MESSAGES: Final = Counter("queue.messages")
"""Messages by what came of them: done; done before; poison; not now and failed, which come again; given back, when the
process ended."""
MODEL_CALLS: Final = Counter("model.calls")
"""Questions to the language model by what came of them: answered; cut, after the first piece; failed; no budget, so
too, as no retry was left; not asked, as the circuit is open; left, by the caller. Each attempt after the first is
retried."""
TELEMETRY_DROPPED: Final = Counter("telemetry.dropped", "kind")
"""Spans, points and log lines that could not be delivered: span, point, line."""
OUTBOX_DEPTH: Final = Gauge("outbox.depth")
"""Messages that wait to be sent."""
OUTBOX_AGE_S: Final = Gauge("outbox.age")
"""Seconds that the oldest of them has waited."""

COUNTERS: Final = (CACHE_READS, CHORES, LIMITER_ANSWERS, MESSAGES, MODEL_CALLS, TELEMETRY_DROPPED)
"""What is exported."""
GAUGES: Final = (OUTBOX_DEPTH, OUTBOX_AGE_S)
"""What is exported."""
