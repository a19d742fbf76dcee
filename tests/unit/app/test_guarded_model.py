"""A language model behind its guard: time, retries, circuit, calls at once."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from app.circuits.probed import Circuit
from app.domain.errors import Unavailable
from app.domain.language import Author, LanguageModel, ModelFault, Prompt
from app.language.budget import RetryBudget
from app.language.faults import seconds_of
from app.language.guarded import GuardedModel, Patience
from app.telemetry.counters import Counter
from tests.unit.app.memory_talks import HANG, ScriptedModel

PROMPT = Prompt(instructions="i", said=((Author.PERSON, "Why?"),), answer_tokens=10)
QUICK = Patience(first_piece_s=5, whole_s=5, backoff_s=0.001)
BUSY = ModelFault("busy", again=True)
REFUSED = ModelFault("refused", again=False)


async def said(model: LanguageModel) -> list[str]:
    async with aclosing(model.answer(PROMPT)) as pieces:
        return [piece async for piece in pieces]


async def outcomes(model: LanguageModel, calls: int) -> list[str]:
    """Ask so often, one call after another."""
    found: list[str] = []
    for _ in range(calls):
        try:
            found += await said(model)
        except Unavailable:
            found.append("unavailable")
    return found


async def test_a25_a_fault_before_the_first_piece_is_tried_again() -> None:
    with pytest.raises(Unavailable, match="after 2 attempts"):  # one retry in advance, and no more
        await said(GuardedModel(ScriptedModel([BUSY]), patience=QUICK))
    assert await said(GuardedModel(ScriptedModel([BUSY], ["ok"]), patience=QUICK)) == ["ok"]


async def test_a25_what_no_retry_helps_is_not_tried_again() -> None:
    provider = ScriptedModel([REFUSED])
    with pytest.raises(Unavailable):
        await said(GuardedModel(provider, patience=QUICK))
    assert len(provider.prompts) == 1


async def test_a25_a_fault_after_the_first_piece_is_never_tried_again() -> None:
    provider = ScriptedModel(["Be", BUSY])
    pieces = GuardedModel(provider, patience=QUICK).answer(PROMPT)
    assert await anext(pieces) == "Be"
    with pytest.raises(ModelFault):
        await anext(pieces)
    assert len(provider.prompts) == 1


async def test_a25_the_pause_before_a_retry_is_at_least_what_the_provider_asks_for() -> None:
    provider = ScriptedModel([ModelFault("busy", again=True, retry_after_s=0.2)], ["ok"])
    started = asyncio.get_running_loop().time()
    assert await said(GuardedModel(provider, patience=QUICK)) == ["ok"]
    assert asyncio.get_running_loop().time() - started >= 0.2


async def test_a25_a_pause_beyond_the_deadline_is_not_begun() -> None:
    provider = ScriptedModel([ModelFault("busy", again=True, retry_after_s=60)])
    async with asyncio.timeout(2):
        with pytest.raises(Unavailable):
            await said(GuardedModel(provider, patience=QUICK))
    assert len(provider.prompts) == 1


@pytest.mark.parametrize(
    ("script", "patience", "error"),
    [
        ([HANG], Patience(first_piece_s=0.05, whole_s=5), Unavailable),
        (["Be", HANG], Patience(first_piece_s=5, whole_s=0.05), ModelFault),
    ],
    ids=["no first piece", "no end"],
)
async def test_a25_an_answer_has_a_deadline(script: list[str], patience: Patience, error: type[Exception]) -> None:
    provider = ScriptedModel(script)
    async with asyncio.timeout(2):
        with pytest.raises(error):
            await said(GuardedModel(provider, patience=patience))
    assert provider.ended == 1


async def test_the_deadline_of_an_answer_does_not_strike_who_takes_it() -> None:
    model = GuardedModel(ScriptedModel(["Be", "cause"]), patience=Patience(first_piece_s=0.05, whole_s=0.05))
    async with aclosing(model.answer(PROMPT)) as pieces:
        assert await anext(pieces) == "Be"
        await asyncio.sleep(0.1)  # the caller is slow, past the deadline, and is not cancelled


@pytest.mark.parametrize("calls", [1, 10, 200, 1000])
async def test_a27_retries_are_at_most_one_in_ten_calls(calls: int) -> None:
    provider = ScriptedModel([BUSY])
    circuit = Circuit("x", failures=10**9)
    await outcomes(GuardedModel(provider, patience=Patience(backoff_s=0), circuit=circuit), calls)
    assert len(provider.prompts) - calls == max(1, calls // 10)


def test_a27_quiet_times_save_up_few_retries() -> None:
    budget = RetryBudget()
    for _ in range(10_000):
        budget.earn()
    assert sum(budget.spend() for _ in range(100)) == 10


def ticking() -> tuple[list[float], Callable[[], float]]:
    time = [0.0]
    return time, lambda: time[0]


async def test_a25_the_circuit_opens_after_failures_in_a_row_and_closes_after_one_success() -> None:
    time, clock = ticking()
    provider = ScriptedModel([REFUSED], [BUSY], [BUSY], [BUSY], ["ok"], ["ok"])
    circuit = Circuit("x", failures=3, open_s=20, clock=clock)
    model = GuardedModel(provider, circuit=circuit, patience=Patience(attempts=1))
    assert await outcomes(model, 6) == ["unavailable"] * 6
    assert len(provider.prompts) == 4  # what a retry cannot help does not count; the last two were not asked
    time[0] = 19.9
    assert await outcomes(model, 1) == ["unavailable"]
    assert len(provider.prompts) == 4
    time[0] = 20.1
    assert await outcomes(model, 2) == ["ok", "ok"]


async def test_a25_an_open_circuit_is_probed_by_one_call_at_a_time() -> None:
    time, clock = ticking()
    provider = ScriptedModel([BUSY], [HANG], [BUSY], ["ok"])
    model = GuardedModel(provider, circuit=Circuit("x", failures=1, clock=clock), patience=Patience(attempts=1))
    assert await outcomes(model, 1) == ["unavailable"]
    time[0] = 21
    provider.started.clear()
    probe = asyncio.create_task(said(model))
    await asyncio.wait_for(provider.started.wait(), 5)
    assert await outcomes(model, 1) == ["unavailable"]
    assert len(provider.prompts) == 2
    probe.cancel()  # a probe whose caller leaves says nothing; the next call is one
    await asyncio.gather(probe, return_exceptions=True)
    assert await outcomes(model, 2) == ["unavailable"] * 2
    assert len(provider.prompts) == 3
    time[0] = 42
    assert await outcomes(model, 1) == ["ok"]


@pytest.mark.parametrize(
    ("scripts", "calls", "counted"),
    [
        ([["ok"]], 1, {"answered": 1}),
        ([[BUSY], ["ok"]], 1, {"retried": 1, "answered": 1}),
        ([[REFUSED]], 1, {"failed": 1}),
        ([[BUSY]], 1, {"retried": 1, "no budget": 1}),
        ([["Be", BUSY]], 1, {"cut": 1}),
        ([[BUSY]], 3, {"retried": 1, "no budget": 2, "not asked": 1}),
    ],
)
async def test_it_is_counted_what_comes_of_questions(
    scripts: list[list[str | Exception]], calls: int, counted: dict[str, int]
) -> None:
    counter = Counter("model.calls")
    circuit = Circuit("x", failures=3)
    model = GuardedModel(ScriptedModel(*scripts), circuit=circuit, patience=QUICK, calls=counter)
    for _ in range(calls):
        with suppress(ModelFault, Unavailable):
            await said(model)
    assert counter.totals() == counted


async def test_a_caller_who_leaves_is_counted() -> None:
    counter, provider = Counter("model.calls"), ScriptedModel(["Be", HANG])
    async with aclosing(GuardedModel(provider, calls=counter).answer(PROMPT)) as pieces:
        await anext(pieces)
    waiting = asyncio.create_task(said(GuardedModel(ScriptedModel([HANG]), calls=counter)))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert counter.totals() == {"left": 2}


@pytest.mark.parametrize(
    ("value", "seconds"), [("3", 3.0), ("", 0.0), ("soon", 0.0), ("-1", 0.0), ("Mon, 01 Jan 2024 00:00:00 GMT", 0.0)]
)
def test_retry_after_is_read_as_seconds(value: str, seconds: float) -> None:
    assert seconds_of(value) == seconds


def test_retry_after_may_be_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 28 < seconds_of(date) <= 30
