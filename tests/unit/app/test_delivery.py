"""Telemetry is delivered beside the service: nothing waits for it, and what is lost is counted."""

import asyncio
import threading
from collections.abc import Callable, Sequence

import pytest

from app.telemetry.counters import TELEMETRY_DROPPED
from app.telemetry.delivery import SPANS_MAX, Delivery, Sender
from app.telemetry.points import Point
from app.telemetry.spans import Span

SPAN = Span(
    name="GET",
    kind="server",
    trace_id="1" * 32,
    span_id="2" * 16,
    parent_id="",
    start_ns=0,
    end_ns=1,
    attributes={},
)
POINT = Point(name="p", labels={}, count=1, total=1, low=1, high=1)
WITHIN_S = 20


class Taken:
    """A sender that keeps what it gets, or refuses it."""

    def __init__(self, *, takes: bool = True) -> None:
        self.takes = takes
        self.got: list[Span] = []
        self.numbers: list[Point] = []
        self.called = threading.Event()

    def spans(self, spans: Sequence[Span]) -> bool:
        self.got += spans
        self.called.set()
        return self.takes

    def points(self, points: Sequence[Point]) -> bool:
        self.numbers += points
        return self.takes


class Hanging(Taken):
    """A sender whose other side never answers."""

    def __init__(self) -> None:
        super().__init__()
        self.never = threading.Event()

    def spans(self, spans: Sequence[Span]) -> bool:
        super().spans(spans)
        return self.never.wait(WITHIN_S)


def opened(sender: Sender, *, points: Callable[[], list[Point]] = list, spans_every: float = 0.001) -> Delivery:
    delivery = Delivery(lambda: sender, points, spans_every=spans_every)
    delivery.start()
    return delivery


def dropped(kind: str) -> int:
    return TELEMETRY_DROPPED.totals().get(kind, 0)


async def test_what_waits_is_delivered_at_the_end_with_the_numbers_of_the_last_interval() -> None:
    sender = Taken()
    delivery = opened(sender, points=lambda: [POINT], spans_every=60)
    delivery.put(SPAN)
    await delivery.close()
    assert (sender.got, sender.numbers) == ([SPAN], [POINT])


async def test_a_process_that_has_hardly_lived_opens_nothing() -> None:
    delivery = Delivery(lambda: pytest.fail("opened"), list, spans_every=60)
    delivery.start()
    await delivery.close()


async def test_a_job_that_has_hardly_lived_tells_its_numbers_all_the_same() -> None:
    sender = Taken()
    delivery = Delivery(lambda: sender, lambda: [POINT], spans_every=60, brief=True)
    delivery.start()
    await delivery.close()
    assert sender.numbers == [POINT]


async def test_a31_a_backend_that_hangs_costs_no_request_a_wait() -> None:
    sender, before = Hanging(), dropped("span")
    delivery = opened(sender)
    delivery.put(SPAN)
    assert await asyncio.to_thread(sender.called.wait, WITHIN_S)
    # The thread hangs now. Putting a span is a matter of a list: the loop below never gives up control.
    for _ in range(SPANS_MAX + 5):
        delivery.put(SPAN)
    assert dropped("span") - before == 5
    await delivery.close(within=0.05)
    assert dropped("span") - before == 5 + SPANS_MAX + 1  # the one that hangs
    sender.never.set()


async def test_a31_a_dead_backend_is_told_once_and_what_it_lost_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    sender, before = Taken(takes=False), dropped("span")
    delivery = opened(sender)
    for _ in range(3):
        sender.called.clear()
        delivery.put(SPAN)
        assert await asyncio.to_thread(sender.called.wait, WITHIN_S)
    sender.takes = True
    await asyncio.to_thread(_until, lambda: dropped("span") - before == 3)
    delivery.put(SPAN)
    await delivery.close()
    said = [record.message for record in caplog.records if record.name == "app.telemetry.delivery"]
    assert said == ["telemetry is not delivered, and dropped", "telemetry is delivered again"]


def _until(true: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(WITHIN_S * 100):
        if true():
            return
        pause.wait(0.01)
    pytest.fail("never")


async def test_a31_a_sender_that_cannot_be_made_leaves_the_service_alone(caplog: pytest.LogCaptureFixture) -> None:
    def fails() -> Sender:
        raise ValueError("Invalid instrumentation key")

    delivery = Delivery(fails, list, spans_every=0.001)
    delivery.start()
    delivery.put(SPAN)
    before = dropped("span")
    await delivery.close()
    assert dropped("span") - before == 1
    assert "telemetry cannot be delivered" in caplog.text


async def test_a_fault_of_a_sender_does_not_end_the_thread() -> None:
    class Faulty(Taken):
        def spans(self, spans: Sequence[Span]) -> bool:
            super().spans(spans)
            if len(self.got) == 1:
                raise RuntimeError("a fault")
            return True

    sender = Faulty()
    delivery = opened(sender)
    delivery.put(SPAN)
    assert await asyncio.to_thread(sender.called.wait, WITHIN_S)
    delivery.put(SPAN)
    await delivery.close()
    assert len(sender.got) == 2
