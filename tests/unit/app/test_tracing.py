"""Which requests have spans, what these are called, and how a trace goes on elsewhere."""

import asyncio
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from starlette.types import Message, Receive, Scope, Send

from app.domain.errors import NotFound, Unavailable
from app.telemetry.durations import Durations
from app.telemetry.spans import Span, Tracer
from app.telemetry.tracing import continued, current, current_traceparent, traced, use
from app.web.checks import Check
from app.web.request_log import RequestLog
from tests.unit.app.memory import Api, BrokenTasks

TASKS = "/api/v1/tasks"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def forget(_span: Span) -> None:
    """Take a span that nobody looks at."""


def traced_api(percent: int, **changes: object) -> tuple[Api, list[Span]]:
    spans: list[Span] = []
    return Api(tracer=Tracer(percent=percent, sink=spans.append), **changes), spans  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(("percent", "least", "most"), [(0, 0, 0), (10, 120, 290), (100, 2000, 2000)])
def test_a_share_of_new_traces_is_sampled(percent: int, least: int, most: int) -> None:
    tracer = Tracer(percent=percent, sink=forget)
    assert least <= sum(tracer.begin("").sampled for _ in range(2000)) <= most


def test_services_of_one_share_decide_alike_whatever_their_sdk() -> None:
    tracer, official = Tracer(percent=10, sink=forget), TraceIdRatioBased(0.1)
    traces = [tracer.begin("") for _ in range(500)]
    decisions = [official.should_sample(None, int(trace.trace_id, 16), "") for trace in traces]
    assert [trace.sampled for trace in traces] == [made.decision.is_sampled() for made in decisions]


@pytest.mark.parametrize(("flags", "percent", "sampled"), [("01", 0, True), ("03", 0, True), ("00", 100, False)])
def test_a_caller_has_decided_already(flags: str, percent: int, *, sampled: bool) -> None:
    trace = Tracer(percent=percent, sink=forget).begin(f"00-{TRACE}-{PARENT}-{flags}")
    assert (trace.trace_id, trace.parent_id, trace.sampled) == (TRACE, PARENT, sampled)


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "nonsense",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01\n",
        f"00-{TRACE}-{PARENT}-01-x",
    ],
)
def test_what_is_no_traceparent_begins_a_trace(traceparent: str) -> None:
    trace = Tracer(percent=0, sink=forget).begin(traceparent)
    assert (trace.trace_id == TRACE, trace.parent_id, trace.sampled) == (False, "", False)


def test_a_request_is_called_by_its_route_and_never_by_what_it_asks_for() -> None:
    api, spans = traced_api(100)
    name = str(uuid4())
    with api.client("ada") as client:
        client.get(f"{TASKS}/{name}?note=private", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    (span,) = spans
    assert span.name.startswith(f"GET {TASKS}/{{")
    assert (span.kind, span.trace_id, span.parent_id, span.failed) == ("server", TRACE, PARENT, False)
    assert span.attributes["http.response.status_code"] == 404
    assert span.start_ns <= span.end_ns
    assert name not in repr(span)
    assert "private" not in repr(span)


def test_a_request_without_a_route_is_called_by_its_method() -> None:
    api, spans = traced_api(100)
    with api.client("ada") as client:
        client.get("/private@example.com")
        client.get(TASKS, headers={"Authorization": "Bearer wrong"})
        client.request("BREW", TASKS)
    assert [span.name for span in spans] == ["GET", "GET", f"_OTHER {TASKS}"]


def test_an_unsampled_request_makes_no_span() -> None:
    api, spans = traced_api(0)
    with api.client("ada") as client:
        assert client.get(TASKS).status_code == 200
    assert spans == []


async def fails() -> None:
    raise Unavailable("down")


def test_a_probe_that_succeeds_makes_no_span_and_one_that_fails_does() -> None:
    check = Check(name="database", hard=True, timeout=0.05, probe=fails)
    api, spans = traced_api(100, checks=(check,))
    with api.client() as client:
        assert client.get("/health").status_code == 200
        assert client.get("/health/ready").status_code == 503
    assert [(span.name, span.failed) for span in spans] == [("GET /health/ready", True)]


@pytest.mark.parametrize("path", ["/healthy", "/api/v1/health", "/health/"])
def test_only_the_exact_paths_of_probes_are_left_out(path: str) -> None:
    api, spans = traced_api(100)
    with api.client() as client:
        client.get(path)
    assert len(spans) == 1


def test_a_failure_is_told_without_its_message() -> None:
    api, spans = traced_api(100, tasks=BrokenTasks(RuntimeError("ada@example.com")))
    with api.client("ada") as client:
        assert client.get(f"{TASKS}/{uuid4()}").status_code == 500
    (span,) = spans
    assert span.failed
    assert span.failure is not None
    assert span.failure[0] == "RuntimeError"
    assert "memory.py" in span.failure[1]
    assert "ada@example.com" not in repr(span)


def ticking(*seconds: float) -> Callable[[], float]:
    times: Iterator[float] = iter(seconds)
    return lambda: next(times)


async def serve(layer: RequestLog, tracer: Tracer) -> None:
    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(_message: Message) -> None:
        return

    state = {"tracer": tracer}
    await layer({"type": "http", "method": "GET", "path": "/x", "headers": [], "state": state}, receive, send)


@pytest.mark.parametrize(
    ("times", "slow"),
    [
        ((0.0, 1.0, 1.0), False),
        ((0.0, 1.001, 1.001), True),
        ((0.0, 0.5, 30.0), False),  # it streams
    ],
)
async def test_a_slow_request_is_marked_and_always_has_a_span(
    times: tuple[float, ...], *, slow: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    spans: list[Span] = []
    tracer = Tracer(percent=0, sink=spans.append)
    with caplog.at_level("INFO"):
        await serve(RequestLog(app, durations=Durations(), clock=ticking(*times)), tracer)
    assert [span.attributes["slow"] for span in spans] == [True] * slow
    assert [(span.share, span.end_ns - span.start_ns) for span in spans] == [(100, 1_001_000_000)] * slow
    (record,) = [record for record in caplog.records if record.name == "app.request"]
    assert vars(record).get("slow", False) == slow


async def test_calls_of_a_sampled_request_are_its_children() -> None:
    spans: list[Span] = []
    trace = Tracer(percent=100, sink=spans.append).begin("")
    with current(trace):
        with traced("database", **{"db.system.name": "postgresql"}):
            pass
        with pytest.raises(NotFound), traced("database"):
            raise NotFound
        with pytest.raises(Unavailable), traced("cache"):
            raise Unavailable("down")
    trace.end("GET", "server", 1.0, {})
    *children, own = spans
    assert [(child.name, child.failed) for child in children] == [
        ("database", False),
        ("database", False),
        ("cache", True),
    ]
    assert {child.parent_id for child in children} == {own.span_id}
    assert {child.trace_id for child in children} == {own.trace_id}
    assert len({span.span_id for span in spans}) == 4


async def test_calls_outside_of_a_sampled_request_make_no_span() -> None:
    spans: list[Span] = []
    with traced("database"):
        pass
    with current(Tracer(percent=0, sink=spans.append).begin("")), traced("database"):
        pass
    assert spans == []
    assert traced("database") is traced("cache")


async def test_a_message_goes_on_with_the_trace_of_its_sender() -> None:
    spans: list[Span] = []
    tracer = Tracer(percent=0, sink=spans.append)
    assert current_traceparent() == ""
    with current(tracer.begin(f"00-{TRACE}-{PARENT}-01")):
        sent = current_traceparent()
    assert sent.startswith(f"00-{TRACE}-")
    assert PARENT not in sent

    async def work() -> None:
        with continued(sent, "tasks.import"), traced("database"):
            assert current_traceparent().split("-")[1] == TRACE

    use(tracer)  # as the wiring does, before it starts the consumer
    await asyncio.create_task(work())
    child, message = spans
    assert (message.name, message.kind, message.trace_id) == ("tasks.import", "consumer", TRACE)
    assert message.parent_id == sent.split("-")[2]
    assert child.parent_id == message.span_id


async def test_an_unsampled_trace_is_continued_unsampled() -> None:
    spans: list[Span] = []
    tracer = Tracer(percent=100, sink=spans.append)
    use(tracer)
    with current(tracer.begin(f"00-{TRACE}-{PARENT}-00")):
        sent = current_traceparent()
    with continued(sent):
        pass
    assert sent.endswith("-00")
    assert spans == []


async def test_a_message_that_fails_says_so() -> None:
    spans: list[Span] = []
    use(Tracer(percent=100, sink=spans.append))
    with pytest.raises(ValueError, match="private"), continued("", "tasks.import"):
        raise ValueError("private")
    (span,) = spans
    assert (span.failed, span.share) == (True, 100)
    assert "private" not in repr(span)


def test_a_span_says_how_many_it_stands_for() -> None:
    spans: list[Span] = []
    tracer = Tracer(percent=10, sink=spans.append)
    chosen = next(trace for trace in (tracer.begin("") for _ in range(10_000)) if trace.sampled)
    chosen.end("GET", "server", 1.0, {})
    tracer.begin(f"00-{TRACE}-{PARENT}-01").end("GET", "server", 1.0, {})
    assert [span.share for span in spans] == [10, 100]
