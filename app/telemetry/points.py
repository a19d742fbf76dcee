"""The numbers of one interval, as they are exported."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.telemetry.counters import COUNTERS, GAUGES, Counter, Gauge
from app.telemetry.durations import BOUNDS_MS, REQUESTS, Cell, Durations, Key


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One number, or many of a kind: how many, their sum, the smallest and the largest."""

    name: str
    labels: Mapping[str, str]
    count: int
    total: float
    low: float
    high: float


class Intervals:
    """Makes the points of one interval after the other; what did not change makes none."""

    def __init__(
        self,
        *,
        counters: Sequence[Counter] = COUNTERS,
        gauges: Sequence[Gauge] = GAUGES,
        durations: Durations = REQUESTS,
    ) -> None:
        self._counters = counters
        self._gauges = gauges
        self._durations = durations
        self._told: dict[tuple[str, str], int] = {}

    def take(self) -> list[Point]:
        """Return the points of the interval that ends now."""
        points = [point for key, cell in self._durations.take().items() for point in _of_requests(key, cell)]
        points += [point for counter in self._counters for point in self._of(counter)]
        return points + [_of_value(gauge.name, {}, gauge.value) for gauge in self._gauges if gauge.value is not None]

    def _of(self, counter: Counter) -> Iterator[Point]:
        for value, total in counter.totals().items():
            key = (counter.name, value)
            if more := total - self._told.get(key, 0):
                self._told[key] = total
                yield _of_value(counter.name, {counter.label: value}, more)


def _of_value(name: str, labels: Mapping[str, str], value: float) -> Point:
    return Point(name=name, labels=labels, count=1, total=value, low=value, high=value)


def _of_requests(key: Key, cell: Cell) -> Iterator[Point]:
    method, route, status = key
    labels = {"method": method, "route": route, "status": f"{status}xx"}
    yield Point(
        name="requests.milliseconds", labels=labels, count=cell.count, total=cell.total, low=cell.low, high=cell.high
    )
    # Application Insights keeps count, sum, smallest and largest, but no buckets: each is a number of its own.
    for bound, count in zip((*map(str, BOUNDS_MS), "more"), cell.buckets, strict=True):
        if count:
            yield _of_value("requests.within", {**labels, "milliseconds": bound}, count)
