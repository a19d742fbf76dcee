"""Which of the traces that begin here are kept: a share of them, and a smaller one when there are too many.

A span takes a third of a millisecond to deliver, several times what making it takes. So what is traced is bounded in
time too, as Azure's own exporters bound it (by default to 5 traces a second: Azure.Monitor.OpenTelemetry.Exporter,
1.6.0-beta.2); one span tells how many it stands for, whatever the share was.
"""

import time
from collections.abc import Callable
from typing import Final

TRACES_PER_S: Final = 20.0
"""About how many are kept over time; chance makes it half as many more at most."""
SAVED_MAX: Final = 60.0
"""How many more a burst may have, after some seconds with fewer."""
LOOK_S: Final = 0.1
"""How often the share is looked at."""

_IDS: Final = 2**64


class Sampler:
    """Keeps traces by the low half of their ids, as OpenTelemetry's `TraceIdRatioBased` does, so that all agree.

    Args:
        percent: The share that is kept while there are not too many, 0 to 100.
        clock: Seconds that only grow.
    """

    def __init__(self, percent: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._percent = percent
        self._clock = clock
        self._looked_at = clock()
        self._begun = 0
        self._saved = SAVED_MAX
        self._share = float(percent)
        self._bound = (percent * _IDS) // 100

    def share(self, trace_id: int) -> float:
        """Return how many of a hundred traces like this one are kept; 0 when this one is not."""
        now = self._clock()
        if now - self._looked_at >= LOOK_S:
            self._look(now)
        self._begun += 1
        if trace_id % _IDS >= self._bound:
            return 0.0
        self._saved -= 1
        return self._share

    def _look(self, now: float) -> None:
        """Make the share such that there are enough saved if as many traces begin until the next look."""
        passed_s = now - self._looked_at
        wanted = self._begun / passed_s * LOOK_S * self._percent / 100
        self._saved = min(SAVED_MAX, max(0.0, self._saved) + passed_s * TRACES_PER_S)
        self._share = self._percent * min(1.0, self._saved / wanted) if wanted else float(self._percent)
        self._bound = int(self._share * _IDS / 100)
        self._looked_at, self._begun = now, 0
