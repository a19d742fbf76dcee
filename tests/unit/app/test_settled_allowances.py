"""Limits that are decided in each replica and settled behind requests, over shared times in memory."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from app.domain.errors import Unavailable
from app.limits.allowance import KEYS_MAX, Policy
from app.limits.settled import BATCH, SettledAllowance
from app.limits.settling import STOP_S, settling
from app.telemetry.counters import Counter

POLICY = Policy(name="p", quota=60, window_s=60)
WITHIN_S = 5.0


@dataclass
class Clock:
    now: float = 50.0

    def __call__(self) -> float:
        return self.now


@dataclass(kw_only=True)
class MemoryTimes:
    """The port `SharedTimes` of one replica on a dictionary of all; the clock is the server's."""

    clock: Clock
    whole_at: dict[str, float]
    trips: list[Mapping[str, float]] = field(default_factory=list[Mapping[str, float]])
    down: bool = False
    mute: bool = False
    """It adds, and the answer is lost."""
    flowing: asyncio.Event = field(default_factory=asyncio.Event)
    last: int = 0

    def __post_init__(self) -> None:
        self.flowing.set()

    async def add(self, number: int, taken: Mapping[str, float]) -> Sequence[float]:
        await self.flowing.wait()
        if self.down:
            raise Unavailable("down")
        self.trips.append(taken)
        now, window_s = self.clock(), POLICY.window_s
        for key, seconds in taken.items():
            whole_at = max(self.whole_at.get(key, now), now) + (seconds if number > self.last else 0)
            self.whole_at[key] = min(whole_at, now + 2 * window_s)
        self.last = max(self.last, number)
        if self.mute:
            raise Unavailable("the answer is lost")
        return [self.whole_at[key] - now for key in taken]


class Replicas:
    """Replicas of one limit, whose settlements a test makes itself."""

    def __init__(self, count: int) -> None:
        self.clock = Clock()
        server = Clock(1_000_000.0)
        self.server = server
        whole_at = dict[str, float]()
        self.whole_at = whole_at
        self.times = [MemoryTimes(clock=server, whole_at=whole_at) for _ in range(count)]
        self.all = [SettledAllowance(POLICY, times, self.clock) for times in self.times]

    async def settle(self, after_s: float = 0.0) -> None:
        self.clock.now += after_s
        self.server.now += after_s
        for allowance in self.all:
            try:
                await allowance.settle()
            except Unavailable:
                continue


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not condition():  # noqa: ASYNC110 - settlements tell nobody
            await asyncio.sleep(0.001)


def passed(allowance: SettledAllowance, count: int, key: str = "ada") -> int:
    return sum(allowance.take(key).allowed for _ in range(count))


async def test_who_spends_half_at_each_of_two_replicas_is_refused_by_both_after_they_have_settled() -> None:
    replicas = Replicas(2)
    assert [passed(one, 30) for one in replicas.all] == [30, 30]
    await replicas.settle()
    await replicas.settle()
    verdicts = [one.take("ada") for one in replicas.all]
    assert [verdict.allowed for verdict in verdicts] == [False, False]
    assert [verdict.retry_in_s for verdict in verdicts] == [pytest.approx(1), pytest.approx(1)]
    assert [passed(one, 1, "bob") for one in replicas.all] == [1, 1]


async def test_a_replica_that_is_new_to_a_person_knows_after_its_first_settlement() -> None:
    replicas = Replicas(2)
    assert passed(replicas.all[0], 60) == 60
    await replicas.settle()
    assert passed(replicas.all[1], 2) == 2
    await replicas.settle()
    assert passed(replicas.all[1], 5) == 0


async def test_a_request_asks_nobody_and_who_no_longer_asks_costs_nothing() -> None:
    replicas = Replicas(1)
    (times,) = replicas.times
    assert passed(replicas.all[0], 100) == 60
    assert times.trips == []
    for _ in range(10):
        await replicas.settle()
    assert times.trips == [{"ada": 60.0}, {"ada": 0.0}]
    passed(replicas.all[0], 100)
    await replicas.settle()
    assert len(times.trips) == 2, "what was refused is not told"


async def test_a_lone_replica_allows_what_it_would_without_settlements() -> None:
    replicas, alone = Replicas(1), Replicas(1)
    for step in range(400):
        count = step % 7
        assert passed(replicas.all[0], count) <= passed(alone.all[0], count) + 1
        await replicas.settle(0.25)
        alone.clock.now += 0.25
    assert passed(replicas.all[0], 200) == pytest.approx(passed(alone.all[0], 200), abs=1)


@pytest.mark.parametrize("per_interval", [1, 20], ids=["somewhat too often", "far too often"])
async def test_over_time_all_replicas_together_allow_the_rate_of_one(per_interval: int) -> None:
    replicas = Replicas(4)
    for _ in range(4 * 120):
        for one in replicas.all:
            passed(one, per_interval)
        await replicas.settle(0.25)
    total = 0
    for _ in range(4 * 120):
        total += sum(passed(one, per_interval) for one in replicas.all)
        await replicas.settle(0.25)
    assert total == pytest.approx(120, rel=0.05)


async def test_a_burst_at_every_replica_is_paid_by_waiting_a_window_at_most() -> None:
    replicas = Replicas(4)
    assert sum(passed(one, 100) for one in replicas.all) == 4 * 60
    await replicas.settle()
    await replicas.settle()
    waits = [one.take("ada").retry_in_s for one in replicas.all]
    assert all(POLICY.window_s <= wait <= POLICY.window_s + 1.01 for wait in waits)
    await replicas.settle(max(waits))
    assert replicas.all[0].take("ada").allowed


async def test_while_nothing_is_shared_each_replica_counts_and_what_it_let_through_is_told_later() -> None:
    replicas = Replicas(2)
    for times in replicas.times:
        times.down = True
    assert [passed(one, 30) for one in replicas.all] == [30, 30]
    for _ in range(3):
        await replicas.settle()
    assert [passed(one, 40, "bob") + passed(one, 40, "bob") for one in replicas.all] == [60, 60]
    for times in replicas.times:
        times.down = False
    await replicas.settle()
    await replicas.settle()
    assert [passed(one, 1) for one in replicas.all] == [0, 0]
    assert replicas.whole_at["ada"] - replicas.server() == pytest.approx(60)


async def test_what_has_been_refilled_by_the_time_it_is_told_is_not_held_against_anybody() -> None:
    replicas = Replicas(2)
    times = replicas.times[0]
    times.down = True
    for _ in range(600):
        assert passed(replicas.all[0], 1) == 1
        await replicas.settle(2.0)
    times.down = False
    await replicas.settle()
    assert replicas.whole_at["ada"] - replicas.server() <= 2
    assert passed(replicas.all[0], 100) >= 58


async def test_a_settlement_whose_answer_was_lost_counts_once() -> None:
    replicas = Replicas(1)
    (one,), (times,) = replicas.all, replicas.times
    times.mute = True
    assert passed(one, 10) == 10
    await replicas.settle()
    assert passed(one, 5) == 5
    await replicas.settle()
    times.mute = False
    await replicas.settle()
    await replicas.settle()
    assert len(times.trips) == 5
    assert replicas.whole_at["ada"] - replicas.server() == pytest.approx(15)
    assert passed(one, 100) == 45


async def test_what_is_taken_while_a_settlement_is_under_way_is_told_with_the_next() -> None:
    replicas = Replicas(1)
    (one,), (times,) = replicas.all, replicas.times
    times.flowing.clear()
    assert passed(one, 10) == 10
    under_way = asyncio.create_task(one.settle())
    await asyncio.sleep(0)
    assert passed(one, 20) == 20
    times.flowing.set()
    await under_way
    assert passed(one, 100) == 30
    await replicas.settle()
    assert replicas.whole_at["ada"] - replicas.server() == pytest.approx(60)


async def test_shared_times_that_are_lost_give_nobody_more_than_the_replica_would() -> None:
    replicas = Replicas(1)
    assert passed(replicas.all[0], 60) == 60
    await replicas.settle()
    replicas.whole_at.clear()
    await replicas.settle()
    assert passed(replicas.all[0], 1) == 0


async def test_a_trip_tells_of_so_many_keys_and_a_settlement_of_all() -> None:
    replicas = Replicas(1)
    for number in range(2 * BATCH + 10):
        passed(replicas.all[0], 1, str(number))
    await replicas.settle()
    assert [len(trip) for trip in replicas.times[0].trips] == [BATCH, BATCH, 10]
    assert len(replicas.whole_at) == 2 * BATCH + 10


async def test_however_long_nothing_can_be_told_memory_is_bounded() -> None:
    replicas = Replicas(1)
    (one,), (times,) = replicas.all, replicas.times
    times.down = True
    for number in range(KEYS_MAX + 2 * BATCH):
        one.take(str(number))
        if number == BATCH:
            await replicas.settle()
    times.down = False
    await replicas.settle()
    assert len(one) == KEYS_MAX
    assert sum(len(trip) for trip in times.trips) <= KEYS_MAX + BATCH


async def test_settlements_go_on_in_the_background_and_one_comes_at_the_end() -> None:
    replicas, answers = Replicas(2), Counter("limiter.answers")
    passed(replicas.all[0], 60)
    async with settling(replicas.all, answers=answers, interval_s=0.001):
        await until(lambda: len(replicas.times[0].trips) == 2)
    async with settling(replicas.all, answers=answers, interval_s=3600):
        await asyncio.sleep(0)
        passed(replicas.all[1], 60)
    assert replicas.whole_at["ada"] - replicas.server() == pytest.approx(120)
    assert answers.totals() == {}


async def test_settlements_that_fail_are_counted_and_go_on() -> None:
    replicas, answers = Replicas(2), Counter("limiter.answers")
    replicas.times[0].down = True
    passed(replicas.all[0], 10)
    async with settling(replicas.all, answers=answers, interval_s=0.001):
        await until(lambda: answers.totals().get("unsettled", 0) >= 3)
        replicas.times[0].down = False
        await until(lambda: "ada" in replicas.whole_at)
    assert replicas.whole_at["ada"] - replicas.server() == pytest.approx(10)


async def test_shared_times_that_hang_do_not_hold_up_the_end() -> None:
    replicas = Replicas(1)
    replicas.times[0].flowing.clear()
    passed(replicas.all[0], 1)
    async with asyncio.timeout(STOP_S + WITHIN_S), settling(replicas.all, interval_s=0.001):
        await asyncio.sleep(0.01)
    assert replicas.times[0].trips == []
