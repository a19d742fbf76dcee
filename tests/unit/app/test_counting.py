"""Every request and every outcome is counted, whatever is sampled."""

from collections.abc import Callable
from inspect import signature

import pytest

from app.cache.answers import AnswerCache
from app.cache.opening import open_cache
from app.language.guarded import GuardedModel
from app.limits.limiter import Limiter
from app.limits.settling import settling
from app.queue.consumer import Consumer
from app.queue.relay import Relay
from app.telemetry.counters import (
    CACHE_READS,
    COUNTERS,
    GAUGES,
    LIMITER_ANSWERS,
    MESSAGES,
    MODEL_CALLS,
    OTHER,
    OUTBOX_AGE_S,
    OUTBOX_DEPTH,
    VALUES_MAX,
    Counter,
    Gauge,
)
from app.telemetry.durations import BOUNDS_MS, SERIES_MAX, Durations
from app.telemetry.points import Intervals, Point
from app.telemetry.spans import Tracer
from app.web.request_log import RequestLog
from tests.unit.app.test_tracing import forget, serve, ticking


def intervals(counter: Counter, *, gauge: Gauge | None = None, durations: Durations | None = None) -> Intervals:
    return Intervals(counters=(counter,), gauges=(gauge or Gauge("g"),), durations=durations or Durations())


def test_a_counter_tells_each_interval_what_came_in_it() -> None:
    counter = Counter("cache.reads")
    take = intervals(counter).take
    counter.add("hit")
    counter.add("hit", 2)
    counter.add("miss")
    assert {(point.labels["outcome"], point.total) for point in take()} == {("hit", 3), ("miss", 1)}
    assert take() == []
    counter.add("hit")
    assert [(point.labels["outcome"], point.total) for point in take()] == [("hit", 1)]
    assert counter.totals() == {"hit": 4, "miss": 1}


def test_a_counter_keeps_a_bounded_number_of_series() -> None:
    counter = Counter("cache.reads")
    for number in range(VALUES_MAX + 10):
        counter.add(str(number))
    totals = counter.totals()
    assert len(totals) == VALUES_MAX + 1
    assert totals[OTHER] == 10


def test_a_gauge_tells_its_last_value_once_somebody_has_looked() -> None:
    gauge = Gauge("outbox.depth")
    take = intervals(Counter("c"), gauge=gauge).take
    assert take() == []
    gauge.set(7)
    gauge.set(3)
    assert [(point.name, point.total) for point in take()] == [("outbox.depth", 3)]
    assert len(take()) == 1


@pytest.mark.parametrize(
    ("part", "argument", "told"),
    [
        (AnswerCache, "reads", CACHE_READS),
        (open_cache, "reads", CACHE_READS),
        (Limiter, "answers", LIMITER_ANSWERS),
        (settling, "answers", LIMITER_ANSWERS),
        (Consumer, "messages", MESSAGES),
        (GuardedModel, "calls", MODEL_CALLS),
        (Relay, "depth", OUTBOX_DEPTH),
        (Relay, "age", OUTBOX_AGE_S),
    ],
)
def test_unless_told_otherwise_a_part_counts_where_the_exporter_looks(
    part: Callable[..., object], argument: str, told: Counter | Gauge
) -> None:
    assert signature(part).parameters[argument].default is told
    assert told in (*COUNTERS, *GAUGES)


@pytest.mark.parametrize(
    ("milliseconds", "bucket"), [(0.0, 0), (25.0, 0), (25.001, 1), (1000.0, 5), (1000.001, 6), (1e9, 6)]
)
def test_a_duration_is_in_the_bucket_that_it_does_not_exceed(milliseconds: float, bucket: int) -> None:
    durations = Durations()
    durations.add("GET", "/x", 200, milliseconds)
    (cell,) = durations.take().values()
    assert cell.buckets == [int(index == bucket) for index in range(len(BOUNDS_MS) + 1)]


def test_requests_are_told_by_method_route_and_class_of_status() -> None:
    durations = Durations()
    for method, status, milliseconds in [("GET", 200, 10), ("GET", 204, 30), ("GET", 503, 5), ("POST", 200, 2000)]:
        durations.add(method, "/tasks/{task}", status, milliseconds)
    points = intervals(Counter("c"), durations=durations).take()
    whole = [point for point in points if point.name == "requests.milliseconds"]
    labels = {"method": "GET", "route": "/tasks/{task}", "status": "2xx"}
    assert whole[0] == Point(name="requests.milliseconds", labels=labels, count=2, total=40, low=10, high=30)
    assert [(point.labels["method"], point.labels["status"], point.count) for point in whole] == [
        ("GET", "2xx", 2),
        ("GET", "5xx", 1),
        ("POST", "2xx", 1),
    ]
    within = {
        (p.labels["method"], p.labels["status"], p.labels["milliseconds"]): p.total for p in points if p not in whole
    }
    assert within == {
        ("GET", "2xx", "25"): 1,
        ("GET", "2xx", "50"): 1,
        ("GET", "5xx", "25"): 1,
        ("POST", "2xx", "more"): 1,
    }
    assert durations.take() == {}


def test_durations_keep_a_bounded_number_of_series() -> None:
    durations = Durations()
    for number in range(SERIES_MAX + 10):
        durations.add("GET", f"/{number}", 200, 1)
    assert len(durations.take()) == SERIES_MAX


async def test_a_request_that_is_not_sampled_is_counted_all_the_same() -> None:
    async def app(_scope: object, _receive: object, _send: object) -> None:
        return

    durations = Durations()
    await serve(RequestLog(app, durations=durations, clock=ticking(1.0, 1.25)), Tracer(percent=0, sink=forget))
    ((key, cell),) = durations.take().items()
    assert (key, cell.count, cell.total) == (("GET", "unrouted", 0), 1, 250)
