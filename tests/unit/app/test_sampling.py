"""How many traces are kept: a share of few, and a bounded number of many, each telling how many it stands for."""

import random

import pytest

from app.telemetry.sampling import SAVED_MAX, TRACES_PER_S, Sampler


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def kept(sampler: Sampler, time: Time, *, per_s: int, seconds: float) -> list[float]:
    chance, shares = random.Random(1), list[float]()  # noqa: S311 - a repeatable rush, not a secret
    for _ in range(int(per_s * seconds)):
        time.now += 1 / per_s
        shares.append(sampler.share(chance.getrandbits(128)))
    return [share for share in shares if share]


@pytest.mark.parametrize(("percent", "per_s"), [(100, 15), (10, 150)])
def test_of_few_the_whole_share_is_kept(percent: int, per_s: int) -> None:
    time = Time()
    shares = kept(Sampler(percent, time), time, per_s=per_s, seconds=60)
    assert set(shares) == {percent}
    assert len(shares) == pytest.approx(per_s * 60 * percent / 100, rel=0.1)


@pytest.mark.parametrize(("percent", "per_s"), [(100, 300), (10, 6000)])
def test_of_many_as_many_are_kept_as_can_be_delivered(percent: int, per_s: int) -> None:
    time = Time()
    shares = kept(Sampler(percent, time), time, per_s=per_s, seconds=30)
    assert TRACES_PER_S * 30 <= len(shares) <= 1.5 * TRACES_PER_S * 30 + SAVED_MAX


def test_what_is_kept_stands_for_all_there_were() -> None:
    time = Time()
    sampler = Sampler(10, time)
    shares = [*kept(sampler, time, per_s=50, seconds=20), *kept(sampler, time, per_s=5000, seconds=20)]
    assert sum(100 / share for share in shares) == pytest.approx(50 * 20 + 5000 * 20, rel=0.15)


def test_after_a_rush_the_whole_share_is_kept_again() -> None:
    time = Time()
    sampler = Sampler(10, time)
    rushed = kept(sampler, time, per_s=6000, seconds=5)
    time.now += 5
    assert min(rushed) < 1
    assert set(kept(sampler, time, per_s=100, seconds=10)) == {10}


def test_nothing_is_kept_of_no_share() -> None:
    time = Time()
    assert kept(Sampler(0, time), time, per_s=100, seconds=5) == []
