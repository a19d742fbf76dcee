"""Tasks in a real PostgreSQL, as the service's own role."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import pytest_asyncio

from app.domain.errors import NotFound, Unavailable, VersionMismatch
from app.domain.models import Principal, Task, TaskStatus
from app.domain.tasks import begin, content, revise
from app.domain.versions import require_version
from app.jobs.migrate import DatabaseRole, migrate
from app.storage.database import Database
from app.storage.tasks import PAGES, PostgresTasks
from tests.integration.app.platform_parts import API, BACKUP_ROLE, MIGRATOR, Platform

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADA = Principal(issuer="https://one.test", subject="ada")
OTHERS = [Principal(issuer="https://one.test", subject="bob"), Principal(issuer="https://two.test", subject="ada")]
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def task(title: str = "Write", *, now: datetime = NOW) -> Task:
    return begin(content(title=title, notes="n", status=TaskStatus.OPEN, due=NOW), now=now)


@pytest_asyncio.fixture(loop_scope="module")
async def database(platform: Platform) -> AsyncGenerator[Database]:
    name = await platform.new_database()
    service = DatabaseRole(name="api", object_id=API.object_id)
    await migrate(platform.login(MIGRATOR, "migrator", name), services=[service], reader=BACKUP_ROLE)
    async with Database.open(platform.login(API, "api", name)) as database:
        yield database


@pytest.fixture
def tasks(database: Database) -> PostgresTasks:
    return PostgresTasks(database)


async def test_a_task_comes_back_as_it_was_kept(tasks: PostgresTasks) -> None:
    kept = task("Ünïcode \u2028 'quoted' %s $1")
    await tasks.add(ADA, kept)
    assert await tasks.get(ADA, kept.id) == kept


async def test_a_change_is_kept(tasks: PostgresTasks) -> None:
    kept = task()
    await tasks.add(ADA, kept)
    new = content(title="New", notes=None, status=TaskStatus.DONE, due=None)
    changed = await tasks.change(ADA, kept.id, lambda old: revise(old, new, now=NOW + timedelta(hours=1)))
    assert await tasks.get(ADA, kept.id) == changed
    assert (changed.version, changed.content, changed.created_at) == (2, new, NOW)


@pytest.mark.parametrize("other", OTHERS, ids=["another subject", "the subject at another issuer"])
async def test_a_task_is_seen_by_its_person_only(tasks: PostgresTasks, other: Principal) -> None:
    kept = task()
    await tasks.add(ADA, kept)
    for attempt in (
        tasks.get(other, kept.id),
        tasks.change(other, kept.id, lambda old: revise(old, old.content, now=NOW)),
        tasks.remove(other, kept.id, lambda _: None),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert (await tasks.page(other, limit=10, after=None)).tasks == ()
    assert await tasks.get(ADA, kept.id) == kept


async def test_pages_are_complete_and_newest_first(tasks: PostgresTasks) -> None:
    made = [task(str(number), now=NOW + timedelta(seconds=number)) for number in range(5)]
    for one in made:
        await tasks.add(ADA, one)
    first = await tasks.page(ADA, limit=2, after=None)
    second = await tasks.page(ADA, limit=2, after=first.after)
    last = await tasks.page(ADA, limit=2, after=second.after)
    assert [*first.tasks, *second.tasks, *last.tasks] == made[::-1]
    assert last.after is None


async def test_changes_at_once_are_all_applied(tasks: PostgresTasks) -> None:
    kept = task()
    await tasks.add(ADA, kept)
    edits = (tasks.change(ADA, kept.id, lambda old: revise(old, old.content, now=NOW)) for _ in range(10))
    await asyncio.gather(*edits)
    assert (await tasks.get(ADA, kept.id)).version == 11


async def test_of_changes_that_expect_the_same_version_one_wins(tasks: PostgresTasks) -> None:
    kept = task()
    await tasks.add(ADA, kept)

    def edit(old: Task) -> Task:
        require_version(old, frozenset({1}))
        return revise(old, old.content, now=NOW)

    results = await asyncio.gather(*(tasks.change(ADA, kept.id, edit) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(result, Task) for result in results) == 1
    assert sum(isinstance(result, VersionMismatch) for result in results) == 4


async def test_a_refused_removal_keeps_the_task_and_an_allowed_one_does_not(tasks: PostgresTasks) -> None:
    kept = task()
    await tasks.add(ADA, kept)
    with pytest.raises(VersionMismatch):
        await tasks.remove(ADA, kept.id, lambda old: require_version(old, frozenset({2})))
    assert await tasks.get(ADA, kept.id) == kept
    await tasks.remove(ADA, kept.id, lambda old: require_version(old, frozenset({1})))
    with pytest.raises(NotFound):
        await tasks.get(ADA, kept.id)


async def test_a_page_by_key_reads_the_index_only_as_far_as_it_goes(database: Database) -> None:
    async with database.connection(Principal(issuer="i", subject="s")) as connection:
        await connection.execute(
            "insert into tasks select 'i', 's', gen_random_uuid(), 't', null, 'open', null, now(), now(), 1 "
            "from generate_series(1, 2000)"
        )
        # What the server makes of a prepared statement from its sixth use on, for whatever it is asked with.
        await connection.execute("set plan_cache_mode = force_generic_plan")
        await connection.execute(f"prepare page as {PAGES[False, False]}")
        rows = await connection.fetch(f"explain (costs off) execute page('i', 's', '{UUID(int=2**127)}', 21)")
    plan = "\n".join(row[0] for row in rows)
    assert "Index Scan Backward using tasks_pkey" in plan
    [condition] = [line for line in plan.splitlines() if "Index Cond" in line]
    assert "(id < $3)" in condition
    assert "Sort" not in plan


async def test_a4_a_database_that_is_down_is_unavailable_and_comes_back_without_a_restart(platform: Platform) -> None:
    name = await platform.new_database()
    login = platform.login(API, "api", name)
    async with Database.open(replace(login, port=1)) as down:
        with pytest.raises(Unavailable):
            await down.ping()
    async with Database.open(login) as database:
        await database.ping()
        await platform.servers.stop_all()
        with pytest.raises(Unavailable):
            await database.ping()
        await platform.servers.create("database", 17)
        await database.ping()


async def test_a5_a_statement_that_takes_too_long_is_cut_off(database: Database, platform: Platform) -> None:
    async with database.connection() as connection:
        name = await connection.fetchval("select current_database()")
    async with Database.open(replace(platform.login(API, "api", name), statement_s=0.1)) as impatient:
        with pytest.raises(Unavailable):
            async with impatient.connection() as connection:
                await connection.execute("select pg_sleep(60)")


async def test_a_wrong_token_is_unavailable_not_a_crash(platform: Platform) -> None:
    async def stale() -> str:
        return "not a token"

    login = replace(platform.login(API, "api", await platform.new_database()), password=stale)
    async with Database.open(login) as database:
        with pytest.raises(Unavailable):
            await database.ping()
