"""`python -m app api` whose database goes away, hangs or is slow: refused in time, and served without a restart."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import uuid4

import pytest
import pytest_asyncio

from app.contract import ApiEnv
from app.domain.errors import Unavailable
from app.storage.connection import Connection, connect
from app.storage.database import ACQUIRE_TIMEOUT_S, POOL_SIZE, RETURN_TIMEOUT_S, Database
from tests.integration.app.platform_parts import API, MIGRATOR, Platform
from tests.integration.app.replica_process import WITHIN_S, Served, open_replica, run, serve
from tests.rig.tcp_proxy import TcpProxy
from tests.unit.app.issuer import open_issuer

pytestmark = pytest.mark.asyncio(loop_scope="module")

TASKS: Final = "/api/v1/tasks"
AT_ONCE: Final = 40
REFUSED_S: Final = 1.0
LOOKS: Final = 100
LOOK_S: Final = 0.05
"""Between two looks: what is back within so many of them is back within five seconds, on a machine that is idle."""
SESSIONS: Final = "select count(*) from pg_stat_activity where usename = 'api' and datname = current_database()"


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What came of a request, and after how many seconds."""

    status: int
    seconds: float


async def soon(holds: Callable[[], Awaitable[bool]]) -> None:
    """Require that something holds after few looks; how long one takes is the machine's business."""
    for _ in range(LOOKS):
        if await holds():
            return
        await asyncio.sleep(LOOK_S)
    raise AssertionError(f"not within {LOOKS} looks")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The API, what it reaches its database by, and the database."""

    api: Served
    database: str
    platform: Platform
    proxy: TcpProxy

    async def ask(self, method: str = "GET", **body: Any) -> Answered:
        """Ask for tasks, never the same twice, so that no cache answers."""
        started = time.monotonic()
        async with self.api.http.request(method, f"{TASKS}?x={uuid4()}", **body) as answer:
            await answer.read()
            if answer.status == 503:
                assert (answer.content_type, answer.headers["Retry-After"]) == ("application/problem+json", "5")
            return Answered(status=answer.status, seconds=time.monotonic() - started)

    async def live(self) -> float:
        """Require that the process lives; gives the seconds that its answer took."""
        started = time.monotonic()
        async with self.api.http.get("/health") as answer:
            assert answer.status == 200
            return time.monotonic() - started

    async def ask_many(self, count: int = AT_ONCE, **request: Any) -> tuple[Counter[int], float]:
        """Ask at once; gives how often each status came, and the longest wait for something, in seconds.

        Liveness is asked at the same time: it waits for nothing, so its longest answer is what the machine takes.
        """
        asked = asyncio.gather(*(self.ask(**request) for _ in range(count)))
        idle = max(await asyncio.gather(*(self.live() for _ in range(count))))
        answers = await asked
        return Counter(answer.status for answer in answers), max(answer.seconds for answer in answers) - idle

    async def becomes(self, readiness: int) -> None:
        """Require that readiness says so soon, and liveness always that the process lives."""

        async def says() -> bool:
            await self.live()
            async with self.api.http.get("/health/ready") as ready:
                return ready.status == readiness

        await soon(says)

    async def come_back(self) -> None:
        """Require that everything is soon as it was, and that the outage has left no session behind."""

        async def served() -> bool:
            return (await self.ask()).status == 200

        await soon(served)
        await self.becomes(200)
        assert (await self.ask_many())[0] == {200: AT_ONCE}
        async with self.administrator() as administrator:

            async def forgotten() -> bool:
                return 0 < await administrator.fetchval(SESSIONS) <= POOL_SIZE

            await soon(forgotten)

    @asynccontextmanager
    async def administrator(self) -> AsyncGenerator[Connection]:
        """Connect as who may do anything, past the proxy."""
        connection = await connect(self.platform.login(MIGRATOR, "migrator", self.database))
        try:
            yield connection
        finally:
            await connection.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Scene]:
    folder = tmp_path_factory.mktemp("replica")
    async with (
        open_issuer() as issuer,
        open_replica(platform, issuer, folder) as replica,
        TcpProxy.open(platform.endpoint.host, platform.endpoint.port) as proxy,
    ):
        done = await run("migrate", replica.migrate())
        assert done[0] == 0, done
        environ = {**replica.api(), ApiEnv.DATABASE_HOST: f"127.0.0.1:{proxy.port}"}
        async with serve("api", environ, issuer.token()) as api:
            yield Scene(api=api, database=environ[ApiEnv.DATABASE_NAME], platform=platform, proxy=proxy)


@pytest.mark.parametrize("trouble", ["refuse", "reset"])
async def test_a4_a_database_that_is_unreachable_is_told_within_a_second_until_it_is_back(
    scene: Scene, trouble: str
) -> None:
    await scene.come_back()
    await getattr(scene.proxy, trouble)()
    for _ in range(3):
        statuses, longest = await scene.ask_many()
        assert statuses == {503: AT_ONCE}
        assert longest < REFUSED_S
        await scene.becomes(503)
    await scene.proxy.mend()
    await scene.come_back()


async def test_a4_a_database_that_restarts_under_load_is_served_again_without_a_restart(scene: Scene) -> None:
    await scene.come_back()
    asking = [asyncio.create_task(scene.ask_many()) for _ in range(5)]
    await scene.platform.servers.stop_all()
    for statuses, _ in await asyncio.wait_for(asyncio.gather(*asking), WITHIN_S):
        assert set(statuses) <= {200, 503}
    statuses, longest = await scene.ask_many()
    assert statuses == {503: AT_ONCE}
    assert longest < REFUSED_S
    await scene.becomes(503)
    await scene.platform.servers.create("database", 17)
    await scene.come_back()
    assert scene.api.process.returncode is None


async def test_a4_a5_a_database_that_is_silent_is_waited_for_once_and_then_not_at_all(scene: Scene) -> None:
    await scene.come_back()
    await scene.proxy.hang()
    statuses, longest = await scene.ask_many()
    assert statuses == {503: AT_ONCE}
    assert longest < ACQUIRE_TIMEOUT_S + REFUSED_S
    for _ in range(3):
        statuses, longest = await scene.ask_many()
        assert statuses == {503: AT_ONCE}
        assert longest < REFUSED_S
    await scene.becomes(503)
    await scene.proxy.mend()
    await scene.come_back()


async def test_a5_a_statement_that_sets_its_own_sight_and_waits_too_long_is_no_silence(scene: Scene) -> None:
    login = replace(scene.platform.login(API, "api", scene.database), statement_s=0.2)
    async with Database.open(login) as database, asyncio.timeout(WITHIN_S):
        for _ in range(5):
            with pytest.raises(Unavailable):
                async with database.unsighted() as connection:
                    await connection.execute("select pg_sleep(1)")
        async with database.connection() as connection:
            assert await connection.fetchval("select 1") == 1


async def test_a5_a_database_that_is_slow_is_only_slow(scene: Scene) -> None:
    await scene.come_back()
    await scene.proxy.delay(0.02)
    statuses, _ = await scene.ask_many()
    assert statuses == {200: AT_ONCE}
    await scene.proxy.mend()


async def test_a5_who_finds_no_free_connection_is_shed_in_bounded_time_and_the_rest_lives(scene: Scene) -> None:
    await scene.come_back()
    async with scene.administrator() as administrator, administrator.transaction():
        await administrator.execute("lock table tasks in access exclusive mode")  # every loan waits now
        statuses, longest = await scene.ask_many()
        assert statuses == {503: AT_ONCE}
        assert longest < ACQUIRE_TIMEOUT_S + RETURN_TIMEOUT_S + REFUSED_S
        await scene.live()
    await scene.come_back()


@pytest.mark.parametrize("state", ["40001", "40P01"], ids=["serialization failure", "deadlock"])
async def test_a5_a_write_that_loses_a_race_is_refused_and_not_tried_again_by_itself(scene: Scene, state: str) -> None:
    await scene.come_back()
    async with scene.administrator() as administrator:
        await administrator.execute(
            "create sequence tries;"
            "create function lose() returns trigger language plpgsql security definer as $$ begin "
            f"perform nextval('tries'); raise exception 'lost' using errcode = '{state}'; end $$;"
            "create trigger lose before insert on tasks execute function lose()"
        )
        try:
            statuses, longest = await scene.ask_many(1, method="POST", json={"title": "Write"})
            assert statuses == {503: 1}
            assert longest < REFUSED_S
            tries = await administrator.fetchval("select last_value from tries")
        finally:
            await administrator.execute("drop trigger lose on tasks; drop function lose; drop sequence tries")
    assert tries == 1
    assert (await scene.ask("POST", json={"title": "Write"})).status == 201


async def test_a5_of_two_that_lock_each_other_out_one_is_refused_and_the_other_goes_on(scene: Scene) -> None:
    both_hold_one = asyncio.Barrier(2)

    async def lock(database: Database, *numbers: int) -> str:
        try:
            async with database.connection() as connection, connection.transaction():
                await connection.execute("select pg_advisory_xact_lock($1)", numbers[0])
                await both_hold_one.wait()
                await connection.execute("select pg_advisory_xact_lock($1)", numbers[1])
                return "done"
        except Unavailable:
            return "refused"

    async with Database.open(scene.platform.login(API, "api", scene.database)) as database:
        outcomes = await asyncio.wait_for(asyncio.gather(lock(database, 1, 2), lock(database, 2, 1)), WITHIN_S)
        assert sorted(outcomes) == ["done", "refused"]
        await database.ping()


async def test_a10_who_says_that_it_is_ready_has_its_connections(scene: Scene) -> None:
    login = scene.platform.login(API, "api", scene.database)
    async with scene.administrator() as administrator, Database.open(replace(login, application="warm")) as database:
        await database.ping()
        opened = "select count(*) from pg_stat_activity where application_name = 'warm'"
        assert await administrator.fetchval(opened) == POOL_SIZE


async def test_who_gets_one_connection_and_no_more_is_ready_all_the_same(scene: Scene) -> None:
    login = scene.platform.login(API, "api", scene.database)
    async with scene.administrator() as administrator:
        taken = await administrator.fetchval("select count(*) from pg_stat_activity where usename = 'api'")
        await administrator.execute(f"alter role api connection limit {taken + 1}")
        try:
            async with Database.open(login) as database:
                await database.ping()
                await database.ping()
        finally:
            await administrator.execute("alter role api connection limit -1")
