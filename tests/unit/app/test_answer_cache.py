"""The cache over a shared half in memory, with a clock that the test moves."""

import asyncio
from dataclasses import dataclass, field

import pytest

from app.cache.answer import Answer
from app.cache.answers import DEAF_S, AnswerCache
from app.cache.keys import Kind, Namespace
from app.cache.near import BYTES_MAX, FRESH_S, KEPT_S, ON_SHELF_MAX, Near
from app.circuits.tried_beside import FAILURES, TRY_AGAIN_S, Circuit
from app.domain.errors import Unavailable
from app.telemetry.counters import Counter
from tests.unit.app.memory import ADA, BOB, MemoryShared

TASKS = Namespace(ADA, Kind.TASKS)


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Source:
    truth: str = "first"
    asked: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def load(self) -> Answer:
        self.asked += 1
        seen = self.truth
        await self.gate.wait()
        if seen == "broken":
            raise Unavailable("the source is broken")
        return answer(seen)


def answer(text: str) -> Answer:
    return Answer(status=200, etag="", media_type="", body=text.encode())


@dataclass
class Scene:
    clock: Clock = field(default_factory=Clock)
    shared: MemoryShared = field(default_factory=MemoryShared)
    source: Source = field(default_factory=Source)
    reads: Counter = field(default_factory=lambda: Counter("cache.reads"))

    def __post_init__(self) -> None:
        self.cache = AnswerCache(self.shared, self.clock, reads=self.reads)
        self.cache.heard(self.clock.now)

    async def read(self, question: str = "all") -> str:
        return (await self.cache.get(TASKS, question, self.source.load)).body.decode()

    def later(self, seconds: float, *, hears: bool = True) -> None:
        self.clock.now += seconds
        if hears:
            self.cache.heard(self.clock.now)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a23_a_thousand_misses_ask_the_source_once() -> None:
    scene = Scene()
    assert set(await asyncio.gather(*(scene.read() for _ in range(1000)))) == {"first"}
    assert scene.source.asked == 1
    assert scene.reads.totals() == {"miss": 1, "joined": 999}


async def test_an_old_answer_is_served_while_one_caller_fetches_a_new_one() -> None:
    scene = Scene()
    await scene.read()
    scene.source.truth = "second"
    scene.shared.kept.clear()
    scene.later(FRESH_S)
    assert [await scene.read() for _ in range(3)] == ["first"] * 3
    await settle()
    assert (await scene.read(), scene.source.asked) == ("second", 2)
    assert scene.reads.totals() == {"miss": 1, "stale": 3, "renewed": 1, "near": 1}


async def test_a_very_old_answer_is_not_served() -> None:
    scene = Scene()
    await scene.read()
    scene.source.truth = "second"
    scene.shared.kept.clear()
    scene.later(KEPT_S)
    assert await scene.read() == "second"


async def test_without_hearing_an_answer_counts_for_a_second_and_is_not_served_old() -> None:
    scene = Scene()
    await scene.read()
    scene.source.truth = "second"
    scene.shared.kept.clear()
    scene.later(DEAF_S - 0.01, hears=False)
    assert await scene.read() == "first"
    scene.later(0.02, hears=False)
    assert await scene.read() == "second"


async def test_what_may_have_been_missed_is_forgotten() -> None:
    scene = Scene()
    await scene.read()
    scene.cache.start_over()
    await scene.read()
    assert scene.reads.totals() == {"miss": 1, "shared": 1}


@pytest.mark.parametrize("down", [False, True])
async def test_nobody_after_a_write_waits_for_what_was_asked_before_it(*, down: bool) -> None:
    scene = Scene()
    scene.shared.down = down
    scene.source.gate.clear()
    before = asyncio.create_task(scene.read())
    await settle()
    scene.source.truth = "second"
    await scene.cache.changed(ADA, Kind.TASKS)
    after = asyncio.create_task(scene.read())
    await settle()
    scene.source.gate.set()
    assert (await before, await after, await scene.read()) == ("first", "second", "second")


async def test_a_write_that_the_shared_half_was_not_told_of_is_owed_and_paid() -> None:
    scene = Scene()
    await scene.read()
    scene.shared.down = True
    scene.source.truth = "second"
    await scene.cache.changed(ADA, Kind.TASKS)
    with pytest.raises(Unavailable):
        await scene.cache.pay()
    scene.shared.down = False  # it still has the first one
    scene.cache.start_over()
    assert await scene.read() == "second"
    await scene.cache.pay()
    other = AnswerCache(scene.shared, scene.clock)
    assert (await other.get(TASKS, "all", scene.source.load)).body == b"second"


async def test_a_write_leaves_other_kinds_and_other_people_alone() -> None:
    scene = Scene()
    for namespace in (Namespace(ADA, Kind.PROFILE), Namespace(BOB, Kind.TASKS)):
        await scene.cache.get(namespace, "all", scene.source.load)
    await scene.cache.changed(ADA, Kind.TASKS)
    for namespace in (Namespace(ADA, Kind.PROFILE), Namespace(BOB, Kind.TASKS)):
        await scene.cache.get(namespace, "all", scene.source.load)
    assert scene.source.asked == 2
    assert scene.reads.totals() == {"miss": 2, "near": 2}


async def test_a_read_while_the_shared_half_is_down_is_told_from_a_miss() -> None:
    scene = Scene()
    scene.shared.down = True
    await scene.read()
    assert scene.reads.totals() == {"unshared": 1}


async def test_what_another_replica_has_is_fetched_behind_an_old_answer_and_is_no_read() -> None:
    scene = Scene()
    await scene.read()
    scene.later(FRESH_S)
    await scene.read()
    await settle()
    assert (scene.source.asked, scene.reads.totals()) == (1, {"miss": 1, "stale": 1, "renewed": 1})


async def test_a_failure_reaches_all_who_wait_and_is_not_kept() -> None:
    scene = Scene(source=Source(truth="broken"))
    results = await asyncio.gather(*(scene.read() for _ in range(5)), return_exceptions=True)
    assert [type(result) for result in results] == [Unavailable] * 5
    scene.source.truth = "mended"
    assert (await scene.read(), scene.source.asked) == ("mended", 2)


async def test_who_goes_away_does_not_take_the_answer_from_the_others() -> None:
    scene = Scene()
    scene.source.gate.clear()
    first, second = asyncio.create_task(scene.read()), asyncio.create_task(scene.read())
    await settle()
    first.cancel()
    await settle()
    scene.source.gate.set()
    assert (await second, scene.source.asked) == ("first", 1)


async def test_a_forgotten_person_is_nowhere_and_an_unreachable_half_is_told() -> None:
    scene = Scene()
    await scene.read()
    await scene.cache.forget(ADA)
    assert scene.shared.kept == {}
    scene.shared.down = True
    with pytest.raises(Unavailable):
        await scene.cache.forget(ADA)


async def test_the_process_keeps_so_much_and_no_more() -> None:
    near = Near(Clock())
    shelf = near.shelf(TASKS)
    for number in range(ON_SHELF_MAX + 10):
        near.put(TASKS, shelf, str(number), answer("x"))
    assert len(shelf.answers) == ON_SHELF_MAX
    other = Namespace(BOB, Kind.TASKS)
    near.put(other, near.shelf(other), "all", answer("x" * BYTES_MAX))
    assert (len(near), near.size > BYTES_MAX) == (1, True)  # the newest stays, alone
    near.drop(other.key)
    assert near.size == 0


def test_a1_a_circuit_opens_after_failures_in_a_row_and_lets_one_trial_through_at_a_time() -> None:
    clock = Clock()
    circuit = Circuit(clock)
    for _ in range(FAILURES - 1):
        circuit.failed()
    circuit.succeeded()
    for _ in range(FAILURES):
        assert circuit.closed
        circuit.failed()
    assert not circuit.closed
    assert not circuit.trial_is_due()
    clock.now += TRY_AGAIN_S
    assert [circuit.trial_is_due(), circuit.trial_is_due()] == [True, False]
    circuit.succeeded()
    assert (circuit.closed, circuit.opened) == (True, 1)
