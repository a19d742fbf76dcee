"""Limits that are settled behind requests, on a real Redis: two replicas, and trouble on the way to it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from redis.crc import key_slot

from app.cache.keys import cache_name
from app.cache.link import Link
from app.domain.models import Principal
from app.limits.allowance import Policy
from app.limits.limiter import Limiter
from app.limits.settling import settling
from app.limits.shared_times import RedisTimes
from app.telemetry.counters import Counter
from tests.integration.app.redis_parts import WITHIN_S, PatientLink, RedisCloud, somebody, until
from tests.rig.tcp_proxy import TcpProxy

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUOTA = 20
"""Per minute: within a test nothing to speak of comes back."""
POLICY = Policy(name="test", quota=QUOTA)


@dataclass(kw_only=True)
class Replica:
    """A replica that settles."""

    link: Link
    limiter: Limiter
    answers: Counter

    def passed(self, person: Principal, count: int) -> int:
        return sum(self.limiter.ask_person(person).allowed for _ in range(count))


@asynccontextmanager
async def open_replica(cloud: RedisCloud, port: int | None = None) -> AsyncGenerator[Replica]:
    async with cloud.replica(port=port) as cache:
        answers = Counter("limiter.answers")
        link = cache.link if port else PatientLink(cache.link.pool)  # nothing comes between, so nothing is given up
        limiter = Limiter(per_person=QUOTA, per_address=QUOTA, link=link, answers=answers)
        async with settling(limiter.settled, answers=answers, interval_s=0.05):
            yield Replica(link=link, limiter=limiter, answers=answers)


async def told_s(link: Link, person: Principal) -> float:
    """Return how many seconds of a person's allowance are gone by what was told."""

    async def ask(client: Any) -> int:
        life: int = await client.pttl(f"limit:{{person}}:{cache_name(person)}")
        return life

    return max(0, await link.call(ask, budget_s=WITHIN_S)) / 1000


async def test_a15_who_spends_half_at_each_of_two_replicas_is_refused_by_both(redis_cloud: RedisCloud) -> None:
    person = somebody()
    async with open_replica(redis_cloud) as one, open_replica(redis_cloud) as other:
        assert [replica.passed(person, QUOTA // 2) for replica in (one, other)] == [QUOTA // 2] * 2
        for replica in (one, other):
            await until(lambda replica=replica: not replica.limiter.ask_person(person).allowed)
            assert replica.passed(somebody(), 1) == 1
        assert "unsettled" not in one.answers.totals() | other.answers.totals()


async def test_a1_without_redis_each_replica_goes_on_and_they_come_together_again(redis_cloud: RedisCloud) -> None:
    person, other_person = somebody(), somebody()
    async with (
        TcpProxy.open("127.0.0.1", redis_cloud.port) as proxy,
        redis_cloud.replica() as outside,
        open_replica(redis_cloud, proxy.port) as one,
        open_replica(redis_cloud, proxy.port) as other,
    ):
        await proxy.refuse()
        for replica in (one, other):
            assert replica.passed(person, QUOTA // 2) == QUOTA // 2
            await until(lambda replica=replica: replica.answers.totals().get("unsettled", 0) > 3)
            assert replica.passed(other_person, 2 * QUOTA) == QUOTA, "its own limit counts"
        assert await told_s(outside.link, person) == 0
        await proxy.mend()
        await until(lambda: one.link.circuit.closed and other.link.circuit.closed)
        for replica in (one, other):
            await until(lambda replica=replica: not replica.limiter.ask_person(person).allowed)


async def test_a2_a_redis_that_hangs_is_not_waited_for_and_counts_nothing_twice(redis_cloud: RedisCloud) -> None:
    person = somebody()
    async with (
        TcpProxy.open("127.0.0.1", redis_cloud.port) as proxy,
        redis_cloud.replica() as outside,
        open_replica(redis_cloud, proxy.port) as replica,
    ):
        await proxy.hang()
        assert replica.passed(person, 5) == 5
        await until(lambda: replica.answers.totals().get("unsettled", 0) > 3)
        assert replica.passed(person, 5) == 5
        await proxy.mend()
        await until(lambda: replica.link.circuit.closed)

        async def all_told() -> bool:
            return await told_s(outside.link, person) > 25

        await until(all_told)
        assert await told_s(outside.link, person) <= 30 + 1


async def test_a_last_settlement_tells_others_when_a_replica_ends(redis_cloud: RedisCloud) -> None:
    person = somebody()
    async with redis_cloud.replica() as cache:
        limiter = Limiter(per_person=QUOTA, per_address=QUOTA, link=PatientLink(cache.link.pool))
        async with settling(limiter.settled, interval_s=3600):
            for _ in range(QUOTA):
                limiter.ask_person(person)
        assert 55 < await told_s(cache.link, person) <= 60


async def test_a_number_counts_once_however_often_it_is_told(redis_cloud: RedisCloud) -> None:
    key, other = somebody().subject, somebody().subject
    async with redis_cloud.replica() as replica:
        link = PatientLink(replica.link.pool)
        times = RedisTimes(POLICY, link)
        assert await times.add(7, {key: 10.0, other: 0.0}) == [10, 0]
        (again,) = await times.add(7, {key: 10.0})
        (older,) = await times.add(6, {key: 10.0})
        (next_one,) = await times.add(8, {key: 10.0})
        (of_another,) = await RedisTimes(POLICY, link).add(7, {key: 10.0})
    assert 9 < older <= again <= 10
    assert 19 < next_one <= 20
    assert 29 < of_another <= 30


async def test_a11_a_clock_that_jumps_and_values_that_are_not_ours_lock_nobody_out(redis_cloud: RedisCloud) -> None:
    async with redis_cloud.replica() as replica:
        link = PatientLink(replica.link.pool)
        times, now = RedisTimes(POLICY, link), await link.call(lambda client: client.time())
        hour, now_us = 3_600_000_000, now[0] * 1_000_000 + now[1]
        kept = {
            "nonsense": 0,
            "9" * 18: 0,
            "-1 -1": 0,
            f"{now_us - hour} {now_us - 2 * hour}": 0,
            f"{now_us + hour + 20_000_000} {now_us + hour}": 20,
            f"{now_us + hour} {now_us}": 0,
        }
        for value, whole_in_s in kept.items():
            key = somebody().subject
            await link.call(lambda client, k=key, v=value: client.set(f"limit:{{test}}:{k}", v))
            (found,) = await RedisTimes(POLICY, link).add(1, {key: 0.0})
            assert found == pytest.approx(whole_in_s, abs=2), value
        key = somebody().subject
        await link.call(lambda client: client.lpush(f"limit:{{test}}:{key}", "of another type"))
        assert await times.add(1, {key: 3.0}) == [3]


async def test_what_is_kept_names_no_person_stands_in_one_slot_and_ends(redis_cloud: RedisCloud) -> None:
    person = somebody()
    async with open_replica(redis_cloud) as replica:
        replica.passed(person, 3)

        async def told() -> bool:
            return await told_s(replica.link, person) > 0

        await until(told)
        keys = await replica.link.call(lambda client: client.keys("*{person}*"))
        lives = [await replica.link.call(lambda client, key=key: client.pttl(key)) for key in keys]
    assert len(keys) >= 2
    assert len({key_slot(key) for key in keys}) == 1
    assert not [key for key in keys if person.subject.encode() in key]
    assert all(life <= 120_000 and life not in {-1, 0} for life in lives), "-2 is one that has ended"
