"""The job that keeps house."""

import asyncio
import logging
from collections.abc import Mapping

import pytest

from app.jobs.upkeep import Chore, keep_house
from app.telemetry.counters import Counter
from app.telemetry.spans import SILENT, Span, Tracer
from app.telemetry.tracing import traced, use


async def test_a_chore_that_fails_is_told_and_the_others_are_done(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    async def fails() -> Mapping[str, int]:
        raise ValueError("broken broom")

    async def works() -> Mapping[str, int]:
        done.append("swept")
        return {"rooms": 3}

    async def hangs() -> Mapping[str, int]:
        await asyncio.Event().wait()
        return {}

    chores = [Chore(name="fails", work=fails), Chore(name="hangs", work=hangs), Chore(name="works", work=works)]
    with caplog.at_level(logging.INFO, "app.jobs.upkeep"):
        assert not await keep_house(chores, within_s=0.01)
    assert done == ["swept"]
    told = [(record.levelname, vars(record)["chore"]) for record in caplog.records]
    assert told == [("ERROR", "fails"), ("ERROR", "hangs"), ("INFO", "works")]
    assert vars(caplog.records[-1])["rooms"] == 3
    assert await keep_house([Chore(name="works", work=works)])


async def test_each_chore_is_counted_and_is_a_trace_with_the_calls_that_it_makes() -> None:
    async def asks() -> Mapping[str, int]:
        with traced("database"):
            return {}

    async def fails() -> Mapping[str, int]:
        raise ValueError("canary@example.com")

    spans, counter = list[Span](), Counter("chores")
    use(Tracer(percent=100, sink=spans.append))
    try:
        chores = [Chore(name="asks", work=asks), Chore(name="fails", work=fails), Chore(name="asks again", work=asks)]
        assert not await keep_house(chores, counter=counter)
    finally:
        use(SILENT)
    assert counter.totals() == {"done": 2, "failed": 1}
    assert [(span.name, span.failed) for span in spans] == [
        ("database", False),
        ("asks", False),
        ("fails", True),
        ("database", False),
        ("asks again", False),
    ]
    assert [span.trace_id for span in spans[:2]] == [spans[1].trace_id] * 2
    assert len({span.trace_id for span in spans}) == 3
    assert "canary" not in str(spans)
