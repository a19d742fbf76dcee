"""Brings spans and points out of the process, in a thread of its own, so that no request waits for it.

The batch processor and the periodic reader of the SDK do about the same, but neither lets its owner say how long an end
may take (30 s), and both count what they drop only for themselves.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from app.telemetry.counters import TELEMETRY_DROPPED
from app.telemetry.points import Point
from app.telemetry.spans import Span

SPANS_MAX: Final = 2048
"""Spans that wait at most; further ones are dropped."""
BATCH_MAX: Final = 256
"""Spans of one call."""
SPANS_EVERY_S: Final = 5.0
POINTS_EVERY_S: Final = 60.0
CLOSE_S: Final = 2.0
"""How long the end may take; what is not delivered then is dropped."""
CLOSE_JOB_S: Final = 10.0
"""The same for a job, whose end nobody waits for: a quarter of a core may take seconds to make a sender and send."""

_log = logging.getLogger(__name__)


class Sender(Protocol):
    """Delivers; both calls block, are bounded in time, and say whether everything was taken."""

    def spans(self, spans: Sequence[Span]) -> bool:
        """Deliver spans."""
        ...

    def points(self, points: Sequence[Point]) -> bool:
        """Deliver the numbers of an interval."""
        ...


class Delivery:
    """A bounded queue and the thread that empties it.

    Args:
        open_sender: Called once, in the thread, after the first pause: making it may take its time.
        take_points: Gives the numbers since the last call.
        spans_every: Seconds between two looks at the queue.
        points_every: Seconds of one interval.
        brief: Whether a process that ends before the first pause does tells its numbers, as a job has to.
    """

    def __init__(
        self,
        open_sender: Callable[[], Sender],
        take_points: Callable[[], Sequence[Point]],
        *,
        spans_every: float = SPANS_EVERY_S,
        points_every: float = POINTS_EVERY_S,
        brief: bool = False,
    ) -> None:
        self._open_sender = open_sender
        self._take_points = take_points
        self._spans_every = spans_every
        self._points_every = points_every
        self._brief = brief
        self._queue: deque[Span] = deque()
        self._under_way = 0
        self._stopping = threading.Event()
        self._well = True
        # A daemon: the process never waits for it, not even when it hangs.
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def put(self, span: Span) -> None:
        """Take a span, at once; drop and count it when too many wait."""
        if len(self._queue) >= SPANS_MAX:
            TELEMETRY_DROPPED.add("span")
            return
        self._queue.append(span)

    async def close(self, within: float = CLOSE_S) -> None:
        """Deliver what waits, for so many seconds at most."""
        self._stopping.set()
        await asyncio.to_thread(self._thread.join, within)
        if lost := len(self._queue) + (self._under_way if self._thread.is_alive() else 0):
            TELEMETRY_DROPPED.add("span", lost)
            _log.warning("spans are dropped at the end", extra={"spans": lost})

    def _run(self) -> None:
        due = time.monotonic() + self._points_every
        if self._stopping.wait(self._spans_every) and not self._queue and not self._brief:
            return
        try:
            sender = self._open_sender()
        except Exception:  # noqa: BLE001 - the service goes on without
            _log.exception("telemetry cannot be delivered")
            return
        stopping = False
        while not stopping:
            stopping = self._stopping.is_set()
            self._send_spans(sender)
            if stopping or time.monotonic() >= due:
                due = time.monotonic() + self._points_every
                points = self._take_points()
                self._send("point", len(points), lambda: sender.points(points))  # noqa: B023 - called at once
            self._stopping.wait(self._spans_every)

    def _send_spans(self, sender: Sender) -> None:
        for _ in range(SPANS_MAX // BATCH_MAX):
            batch = [self._queue.popleft() for _ in range(min(BATCH_MAX, len(self._queue)))]
            self._under_way = len(batch)
            self._send("span", len(batch), lambda: sender.spans(batch))  # noqa: B023 - called at once
            self._under_way = 0
            if len(batch) < BATCH_MAX:
                return

    def _send(self, kind: str, count: int, send: Callable[[], bool]) -> None:
        if not count:
            return
        try:
            taken = send()
        except Exception:  # noqa: BLE001 - a fault of a sender must not end the thread
            _log.exception("telemetry is not delivered")
            taken = False
        if not taken:
            TELEMETRY_DROPPED.add(kind, count)
        if taken is not self._well:
            self._well = taken
            _log.warning("telemetry is delivered again" if taken else "telemetry is not delivered, and dropped")
