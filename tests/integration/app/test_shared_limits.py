"""Limits that replicas share, on a real Redis."""

import asyncio
import time
from contextlib import AsyncExitStack

import pytest

from app.limits.allowance import Policy
from app.limits.limiter import Limiter
from app.limits.shared import SharedAllowance
from app.telemetry.counters import Counter
from tests.integration.app.redis_parts import PatientLink, RedisCloud, somebody
from tests.rig.loop_clock import loop_clock
from tests.rig.tcp_proxy import TcpProxy

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUOTA = 200


async def allowed(allowances: list[SharedAllowance], key: str, count: int) -> int:
    """Ask all replicas in turn, many at a time; gives how many requests were allowed."""

    async def ask(start: int) -> int:
        verdicts = [await allowances[number % len(allowances)].take(key) for number in range(start, count, 8)]
        return sum(verdict.allowed for verdict in verdicts)

    return sum(await asyncio.gather(*(ask(start) for start in range(8))))


async def test_a15_replicas_allow_together_what_one_would(redis_cloud: RedisCloud) -> None:
    policy = Policy(name="test", quota=QUOTA)
    async with AsyncExitStack() as stack:
        replicas = [await stack.enter_async_context(redis_cloud.replica()) for _ in range(4)]
        answers = Counter("limiter.answers")
        allowances = [SharedAllowance(policy, PatientLink(replica.link.pool), answers=answers) for replica in replicas]
        started = time.monotonic()
        passed = await allowed(allowances, somebody().subject, 3 * QUOTA)
        refilled = (time.monotonic() - started) * QUOTA / policy.window_s
        assert answers.totals() == {}
        assert QUOTA <= passed <= QUOTA + refilled + 1
        assert passed <= QUOTA * 1.05 + refilled
        assert await allowed(allowances, somebody().subject, 10) == 10


async def test_a15_without_redis_the_same_rate_counts_in_each_replica_and_nothing_waits(
    redis_cloud: RedisCloud,
) -> None:
    policy = Policy(name="test", quota=QUOTA)
    async with (
        TcpProxy.open("127.0.0.1", redis_cloud.port) as proxy,
        redis_cloud.replica(port=proxy.port) as replica,
        loop_clock() as clock,
    ):
        answers = Counter("limiter.answers")
        allowance = SharedAllowance(policy, replica.link, answers=answers)
        await proxy.hang()
        started = time.monotonic()
        passed = await allowed([allowance], somebody().subject, 2 * QUOTA)
        took = time.monotonic() - started
        assert clock.seconds < 2
        assert QUOTA <= passed <= QUOTA * 1.05 + took * QUOTA / policy.window_s
        assert answers.totals() == {"local": 2 * QUOTA}


async def test_a3_what_is_no_allowance_of_ours_locks_nobody_out(redis_cloud: RedisCloud) -> None:
    policy = Policy(name="test", quota=5)
    async with redis_cloud.replica() as replica:
        link = PatientLink(replica.link.pool)
        allowance = SharedAllowance(policy, link)
        for value in ("nonsense", "9" * 18, "-1"):
            key = somebody().subject
            await link.call(lambda client, key=key, value=value: client.set(f"limit:test:{key}", value))
            verdict = await allowance.take(key)
            assert verdict.retry_in_s <= policy.window_s / policy.quota + 1


async def test_a_key_of_a_limit_names_no_person_and_ends_with_the_window(redis_cloud: RedisCloud) -> None:
    person = somebody()
    async with redis_cloud.replica() as replica:
        link = PatientLink(replica.link.pool)
        limiter = Limiter(per_person=50, per_address=50, link=link)
        await limiter.ask_costly(person)
        keys = await link.call(lambda client: client.keys("limit:costly:*"))
        lives = [await link.call(lambda client, key=key: client.pttl(key)) for key in keys]
    assert keys
    assert not [key for key in keys if person.subject.encode() in key]
    assert all(0 < life <= 60_000 for life in lives)
