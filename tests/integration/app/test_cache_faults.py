"""The cache on a real Redis, behind a proxy that makes trouble: a source that answers is never lost, only slower."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.cache.answer import Answer
from app.cache.answers import AnswerCache
from app.cache.budgets import BUDGET_S
from app.cache.keys import Kind, Namespace
from app.cache.opening import OpenCache
from app.domain.models import Principal
from app.telemetry.counters import CACHE_READS, Counter
from tests.integration.app.redis_parts import PatientLink, RedisCloud, somebody, until
from tests.rig.loop_clock import loop_clock
from tests.rig.tcp_proxy import TcpProxy

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUESTION = "all"


@dataclass
class Source:
    """What is cached: answers with what is true now, and counts how often it was asked."""

    truth: bytes = b"first"
    asked: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def load(self) -> Answer:
        self.asked += 1
        seen = self.truth
        await self.gate.wait()
        return Answer(status=200, etag='"1"', media_type="application/json", body=seen)


async def read(cache: AnswerCache, person: Principal, source: Source) -> bytes:
    return (await cache.get(Namespace(person, Kind.TASKS), QUESTION, source.load)).body


@asynccontextmanager
async def replicas(
    cloud: RedisCloud, count: int = 1, reads: Counter = CACHE_READS
) -> AsyncGenerator[tuple[TcpProxy, list[OpenCache]]]:
    """Open replicas behind one proxy."""
    async with TcpProxy.open("127.0.0.1", cloud.port) as proxy, AsyncExitStack() as stack:
        yield (
            proxy,
            [await stack.enter_async_context(cloud.replica(port=proxy.port, reads=reads)) for _ in range(count)],
        )


async def test_an_answer_is_found_in_redis_by_another_replica(redis_cloud: RedisCloud) -> None:
    person, source, reads = somebody(), Source(), Counter("cache.reads")
    async with replicas(redis_cloud, 2, reads) as (_, [one, other]):
        assert await read(one.answers, person, source) == b"first"
        assert await read(other.answers, person, source) == b"first"
        assert (source.asked, reads.totals()) == (1, {"miss": 1, "shared": 1})


async def test_a_write_is_seen_by_the_same_replica_at_once_and_by_another_within_a_second(
    redis_cloud: RedisCloud,
) -> None:
    person, source = somebody(), Source()
    async with replicas(redis_cloud, 2) as (_, [one, other]), loop_clock() as clock:
        await read(one.answers, person, source)
        await read(other.answers, person, source)
        source.truth = b"second"
        written = clock.seconds
        await one.answers.changed(person, Kind.TASKS)
        assert await read(one.answers, person, source) == b"second"

        async def seen() -> bool:
            return await read(other.answers, person, source) == b"second"

        await until(seen)
        assert clock.seconds - written < 1


async def test_a_fill_that_began_before_a_write_of_another_replica_is_not_kept_after_it(
    redis_cloud: RedisCloud,
) -> None:
    person, source = somebody(), Source()
    async with replicas(redis_cloud, 2) as (_, [one, other]):
        source.gate.clear()
        filling = asyncio.create_task(read(one.answers, person, source))
        await until(lambda: source.asked == 1)
        source.truth = b"second"
        await other.answers.changed(person, Kind.TASKS)
        source.gate.set()
        assert await filling == b"first"  # it was asked before the write
        async with redis_cloud.replica() as fresh:
            assert await read(fresh.answers, person, source) == b"second"


@pytest.mark.parametrize("trouble", ["refuse", "reset"])
async def test_a1_a_dead_redis_costs_speed_only_and_is_left_alone_within_a_second(
    redis_cloud: RedisCloud, trouble: str
) -> None:
    await costs_speed_only(redis_cloud, trouble)


async def test_a2_a_redis_that_hangs_costs_speed_only_and_is_left_alone_within_a_second(
    redis_cloud: RedisCloud,
) -> None:
    await costs_speed_only(redis_cloud, "hang")


async def costs_speed_only(redis_cloud: RedisCloud, trouble: str) -> None:
    """Require that every read is answered by the source in time, and that Redis is used again when it is back."""
    async with replicas(redis_cloud) as (proxy, [replica]), loop_clock() as clock:
        await getattr(proxy, trouble)()
        began, times = clock.seconds, list[float]()
        while replica.link.circuit.closed:
            assert clock.seconds - began < 1, "the circuit is still closed"
            started = clock.seconds
            assert await read(replica.answers, somebody(), Source()) == b"first"
            times.append(clock.seconds - started)
        assert max(times) < 0.2
        times.clear()
        for _ in range(200):  # nothing of a request waits for Redis now
            started = clock.seconds
            assert await read(replica.answers, somebody(), Source()) == b"first"
            times.append(clock.seconds - started)
        assert sorted(times)[-3] < BUDGET_S / 2
        await proxy.mend()
        back = clock.seconds
        await until(lambda: replica.link.circuit.closed and replica.answers.hears)
        assert clock.seconds - back < 10
        person, source, reads = somebody(), Source(), Counter("cache.reads")
        await read(replica.answers, person, source)
        async with redis_cloud.replica(reads=reads) as other:
            await read(other.answers, person, source)
            assert (reads.totals(), source.asked) == ({"shared": 1}, 1)


async def test_a1_a_write_while_redis_is_away_is_seen_at_once_here_and_by_others_when_it_is_back(
    redis_cloud: RedisCloud,
) -> None:
    person, source = somebody(), Source()
    async with replicas(redis_cloud) as (proxy, [replica]), redis_cloud.replica() as other:
        await read(replica.answers, person, source)
        await proxy.refuse()
        source.truth = b"second"
        await replica.answers.changed(person, Kind.TASKS)
        assert await read(replica.answers, person, source) == b"second"
        await proxy.mend()

        async def seen() -> bool:
            return await read(other.answers, person, source) == b"second"

        await until(seen)
        assert await read(replica.answers, person, source) == b"second"


async def test_a_replica_that_cannot_hear_believes_its_own_answers_for_a_second_at_most(
    redis_cloud: RedisCloud,
) -> None:
    person, source = somebody(), Source()
    async with replicas(redis_cloud) as (proxy, [deaf]), redis_cloud.replica() as other, loop_clock() as clock:
        await read(deaf.answers, person, source)
        await proxy.hang()
        source.truth = b"second"
        written = clock.seconds
        await other.answers.changed(person, Kind.TASKS)

        async def seen() -> bool:
            return await read(deaf.answers, person, source) == b"second"

        await until(seen)
        assert clock.seconds - written < 1.5


async def _plant(redis_cloud: RedisCloud, command: Callable[[Any], Awaitable[Any]]) -> None:
    async with redis_cloud.replica() as replica:
        await replica.link.call(command)


def _garble(key: str) -> Callable[[Any], Awaitable[Any]]:
    async def garble(client: Any) -> None:
        for name in await client.hkeys(key):
            if name != b"version":
                await client.hset(key, name, b"\xff not an answer")

    return garble


def _swap(key: str, person: Principal) -> Callable[[Any], Awaitable[Any]]:
    """Put the answer of another person in the place."""
    foreign = Namespace(person, Kind.TASKS).key

    async def swap(client: Any) -> None:
        for name, value in (await client.hgetall(foreign)).items():
            if name != b"version":
                await client.hset(key, name, value)

    return swap


def _write(key: str) -> Callable[[Any], Awaitable[Any]]:
    async def write(client: Any) -> None:
        await client.set(key, "text")

    return write


@pytest.mark.parametrize("fault", ["garbage", "another person's answer", "wrong type"])
async def test_a3_what_is_no_answer_of_ours_is_a_miss_and_goes(redis_cloud: RedisCloud, fault: str) -> None:
    person, stranger, source = somebody(), somebody(), Source()
    key = Namespace(person, Kind.TASKS).key
    async with redis_cloud.replica() as replica:
        await read(replica.answers, person, source)
        await read(replica.answers, stranger, Source(truth=b"the stranger's"))
    commands = {
        "garbage": _garble(key),
        "another person's answer": _swap(key, stranger),
        "wrong type": _write(key),
    }
    await _plant(redis_cloud, commands[fault])
    async with redis_cloud.replica() as replica:
        assert await read(replica.answers, person, source) == b"first"
        assert not await replica.link.call(lambda client: client.exists(key))
    reads = Counter("cache.reads")
    async with redis_cloud.replica() as first, redis_cloud.replica(reads=reads) as second:
        assert await read(first.answers, person, source) == b"first"
        assert await read(second.answers, person, source) == b"first"
        assert reads.totals() == {"shared": 1}


async def test_a3_another_releases_bytes_are_a_miss_but_its_writes_count(redis_cloud: RedisCloud) -> None:
    person, source = somebody(), Source()
    async with redis_cloud.replica(release="old") as old, redis_cloud.replica(release="new") as new:
        await read(old.answers, person, source)
        source.truth = b"second"
        assert await read(new.answers, person, source) == b"second"
        source.truth = b"third"
        await old.answers.changed(person, Kind.TASKS)

        async def seen() -> bool:
            return await read(new.answers, person, source) == b"third"

        await until(seen)


async def test_a3_a_replica_of_redis_that_only_reads_is_a_miss(redis_cloud: RedisCloud) -> None:
    person, source = somebody(), Source()
    process = redis_cloud.servers._running(  # pyright: ignore[reportPrivateUsage]
        "amr-test"
    )
    async with redis_cloud.replica() as replica:
        await process._do("REPLICAOF", "127.0.0.1", "1")  # pyright: ignore[reportPrivateUsage]
        try:
            assert await read(replica.answers, person, source) == b"first"
            source.truth = b"second"
            await replica.answers.changed(person, Kind.TASKS)
            assert await read(replica.answers, person, source) == b"second"
        finally:
            await process._do("REPLICAOF", "NO", "ONE")  # pyright: ignore[reportPrivateUsage]
        await until(lambda: replica.link.circuit.closed)


async def test_a_connection_is_replaced_before_its_token_expires(redis_cloud: RedisCloud) -> None:
    credential = redis_cloud.credential(seconds=67)  # two seconds more than the margins
    async with redis_cloud.replica(credential=credential) as replica:
        link = PatientLink(replica.link.pool)
        await link.call(lambda client: client.ping())
        before = len(credential.given)

        async def replaced_twice() -> bool:
            await link.call(lambda client: client.ping())
            return len(credential.given) >= before + 2

        await until(replaced_twice)
        assert link.failures == 0


async def test_a_forgotten_person_is_in_no_replica_and_not_in_redis(redis_cloud: RedisCloud) -> None:
    person, source = somebody(), Source()
    async with replicas(redis_cloud, 2) as (_, [one, other]):
        await read(one.answers, person, source)
        await read(other.answers, person, source)
        await one.answers.forget(person)
        keys = [Namespace(person, kind).key for kind in Kind]
        assert not await one.link.call(lambda client: client.exists(*keys))
        source.truth = b""

        async def gone() -> bool:
            return await read(other.answers, person, source) == b""

        await until(gone)


async def test_a23_a_thousand_misses_of_four_replicas_ask_the_source_four_times_at_most(
    redis_cloud: RedisCloud,
) -> None:
    person, source, reads = somebody(), Source(), Counter("cache.reads")
    async with replicas(redis_cloud, 4, reads) as (_, caches):
        source.gate.clear()
        asking = [asyncio.create_task(read(caches[n % 4].answers, person, source)) for n in range(1000)]
        await until(lambda: reads.totals().get("joined") == 996)
        source.gate.set()
        assert set(await asyncio.gather(*asking)) == {b"first"}
        assert source.asked <= 4
