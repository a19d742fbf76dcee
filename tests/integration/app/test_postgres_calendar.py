"""Calendars and profiles in a real PostgreSQL, as the service's own role."""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from app.calendar.recurrence import days
from app.domain.errors import Conflict, Erased, NotFound, VersionMismatch
from app.domain.event_content import content
from app.domain.events import LENGTH_MAX, REPEATED_MAX, Event, Window, begin, revise
from app.domain.models import Principal, TaskFilter, TaskStatus
from app.domain.occurrences import page
from app.domain.profiles import Plan, Profile, ProfileContent, grant
from app.domain.profiles import revise as revise_profile
from app.domain.tasks import begin as begin_task
from app.domain.tasks import content as task_content
from app.domain.versions import require_version
from app.jobs.migrate import DatabaseRole, migrate
from app.storage.connection import Connection, connect
from app.storage.database import Database
from app.storage.events import ONCE, ONCE_AFTER, REPEATED, PostgresEvents
from app.storage.keyset import above, below
from app.storage.profiles import PostgresProfiles
from app.storage.tasks import PAGES, PostgresTasks
from tests.integration.app.platform_parts import API, BACKUP_ROLE, MIGRATOR, Platform
from tests.unit.app.memory_sealing import MemorySealer

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADA = Principal(issuer="https://one.test", subject="ada")
OTHERS = [Principal(issuer="https://one.test", subject="bob"), Principal(issuer="https://two.test", subject="ada")]
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
START = datetime(2026, 12, 1, 8, tzinfo=UTC)
WEEK = Window(since=datetime(2026, 12, 1, tzinfo=UTC), before=datetime(2026, 12, 8, tzinfo=UTC))
HOSTILE = ["' or 1=1 --", "'; drop table events; --", "$1", "%", "\\", "Ünï\u2028code"]


def event(*, start: datetime = START, hours: float = 1, uid: str = "", **members: Any) -> Event:
    made: dict[str, Any] = {
        "title": "t",
        "notes": None,
        "location": None,
        "all_day": False,
        "time_zone": "UTC",
        "excluded": (),
    }
    made |= {"recurrence": None, **members}
    return begin(content(starts_at=start, ends_at=start + timedelta(hours=hours), days=days, **made), now=NOW, uid=uid)


class Recorded:
    """Lends connections of a database, and keeps the text of every statement that they run."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.texts: set[str] = set()

    @asynccontextmanager
    async def connection(self, owner: Principal | None = None) -> AsyncGenerator[Connection]:
        async with self.database.connection(owner) as connection:
            with connection.query_logger(self._keep):
                yield connection

    def _keep(self, record: Any) -> None:
        self.texts.add(record.query)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def name(platform: Platform) -> str:
    name = await platform.new_database()
    service = DatabaseRole(name="api", object_id=API.object_id)
    await migrate(platform.login(MIGRATOR, "migrator", name), services=[service], reader=BACKUP_ROLE)
    return name


@pytest_asyncio.fixture(loop_scope="module")
async def database(platform: Platform, name: str) -> AsyncGenerator[Database]:
    administrator = await connect(platform.login(MIGRATOR, "migrator", name))
    await administrator.execute("truncate events, profiles, tasks, erasures")
    await administrator.close()
    async with Database.open(platform.login(API, "api", name)) as database:
        yield database


@pytest.fixture
def events(database: Database) -> PostgresEvents:
    return PostgresEvents(database)


async def once(events: PostgresEvents, owner: Principal, window: Window = WEEK) -> Sequence[Event]:
    return (await events.within(owner, window, limit=100, after=None))[0]


async def test_an_event_comes_back_as_it_was_kept(events: PostgresEvents) -> None:
    rule, zone = "FREQ=WEEKLY;BYDAY=TU,FR;COUNT=9", "Europe/Berlin"
    for kept in (
        event(title="Ünïcode \u2028 'quoted' %s $1", notes="n", location="l"),
        event(recurrence=rule, time_zone=zone, excluded=[START + timedelta(days=3)]),
        event(start=datetime(2026, 12, 1, tzinfo=UTC), hours=24, all_day=True, recurrence="FREQ=YEARLY"),
    ):
        await events.add(ADA, kept)
        assert await events.get(ADA, kept.id) == kept


async def test_a_change_is_kept_and_a_refused_one_is_not(events: PostgresEvents) -> None:
    kept = event(recurrence="FREQ=DAILY", excluded=[START])
    await events.add(ADA, kept)
    new = event(title="New", start=START + timedelta(days=1), time_zone="Asia/Tokyo").content

    def edit(old: Event) -> Event:
        require_version(old, frozenset({1}))
        return revise(old, new, now=NOW + timedelta(hours=1))

    changed = await events.change(ADA, kept.id, edit)
    assert (
        await events.get(ADA, kept.id)
        == changed
        == replace(kept, content=new, updated_at=NOW + timedelta(hours=1), version=2)
    )
    with pytest.raises(VersionMismatch):
        await events.change(ADA, kept.id, edit)
    with pytest.raises(VersionMismatch):
        await events.remove(ADA, kept.id, lambda old: require_version(old, frozenset({1})))
    await events.remove(ADA, kept.id, lambda old: require_version(old, frozenset({2})))
    with pytest.raises(NotFound):
        await events.get(ADA, kept.id)


@pytest.mark.parametrize("other", OTHERS, ids=["another subject", "the subject at another issuer"])
async def test_a19_an_event_is_seen_by_its_person_only(events: PostgresEvents, other: Principal) -> None:
    kept, repeated = event(uid="one"), event(uid="two", recurrence="FREQ=DAILY")
    await events.merge(ADA, ["one", "two"], lambda uid, _: kept if uid == "one" else repeated)
    for attempt in (
        events.get(other, kept.id),
        events.change(other, kept.id, lambda old: revise(old, old.content, now=NOW)),
        events.remove(other, kept.id, lambda _: None),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert await events.within(other, WEEK, limit=10, after=None) == ([], [])
    assert await events.batch(other, limit=10, after=None) == []
    seen = list[Event | None]()
    await events.merge(other, ["one"], lambda _, old: seen.append(old))
    assert seen == [None]
    assert await events.get(ADA, kept.id) == kept


async def test_a_window_has_what_overlaps_it_and_nothing_else(events: PostgresEvents) -> None:
    inside = [
        event(start=WEEK.since - LENGTH_MAX + timedelta(seconds=1), hours=31 * 24),
        event(start=WEEK.since, hours=0),
        event(start=WEEK.since + timedelta(days=3)),
        event(start=WEEK.before - timedelta(seconds=1)),
    ]
    outside = [
        event(start=WEEK.since - timedelta(hours=1)),
        event(start=WEEK.since - timedelta(seconds=1), hours=0),
        event(start=WEEK.since - LENGTH_MAX, hours=31 * 24),
        event(start=WEEK.before),
    ]
    ended = event(start=WEEK.since - timedelta(days=9), recurrence="FREQ=DAILY;COUNT=3")
    going_on = event(start=WEEK.since - timedelta(days=900), recurrence="FREQ=DAILY")
    later = event(start=WEEK.before, recurrence="FREQ=DAILY")
    for one in (*inside, *outside, ended, going_on, later):
        await events.add(ADA, one)
    assert await events.within(ADA, WEEK, limit=10, after=None) == (inside, [going_on])


async def test_pages_of_a_window_are_complete_with_events_of_one_start(events: PostgresEvents) -> None:
    for hour in range(5):
        await events.add(ADA, event(start=START + timedelta(hours=hour // 2)))
    await events.add(ADA, event(recurrence="FREQ=DAILY"))
    found, after = list[tuple[datetime, UUID]](), None
    for _ in range(10):
        once, repeated = await events.within(ADA, WEEK, limit=3, after=after)
        shown = page([*once, *repeated], WEEK, limit=2, after=after, days=days)
        found += [one.place for one in shown.occurrences]
        after = shown.after
        if after is None:
            break
    assert len(found) == 12
    assert found == sorted(set(found))


async def test_names_are_unique_and_events_that_repeat_are_bounded_per_person(events: PostgresEvents) -> None:
    await events.add(ADA, event(uid="one"))
    with pytest.raises(Conflict):
        await events.add(ADA, event(uid="one"))
    await events.add(OTHERS[0], event(uid="one"))
    uids = [str(number) for number in range(REPEATED_MAX)]
    await events.merge(ADA, uids, lambda uid, _: event(uid=uid, recurrence="FREQ=DAILY"))
    for attempt in (
        events.add(ADA, event(recurrence="FREQ=DAILY")),
        events.merge(ADA, ["one", "new"], lambda uid, old: old or event(uid=uid, recurrence="FREQ=DAILY")),
    ):
        with pytest.raises(Conflict):
            await attempt
    assert len(await events.batch(ADA, limit=999, after=None)) == REPEATED_MAX + 1


async def test_files_merged_at_once_lose_nothing(events: PostgresEvents) -> None:
    kept = event(uid="one")
    await events.add(ADA, kept)

    def edit(uid: str, old: Event | None) -> Event:
        return revise(old, old.content, now=NOW) if old else event(uid=uid)

    await asyncio.gather(*(events.merge(ADA, ["one", f"own {number}"], edit) for number in range(6)))
    assert (await events.get(ADA, kept.id)).version == 7
    batch = await events.batch(ADA, limit=4, after=None)
    rest = await events.batch(ADA, limit=9, after=batch[-1].id)
    assert [*batch, *rest] == sorted([*batch, *rest], key=lambda one: one.id)
    assert len({one.uid for one in [*batch, *rest]}) == 7


async def plan(connection: Connection, statement: str, *arguments: Any) -> str:
    return "\n".join(row[0] for row in await connection.fetch(f"explain {statement}", *arguments))


async def test_lists_read_their_index_only_as_far_as_they_go_and_sort_nothing(
    database: Database, platform: Platform, name: str
) -> None:
    own = ("https://one.test", "ada")
    async with database.connection(ADA) as connection:
        await connection.execute(
            "insert into events select 'https://one.test', 'ada', gen_random_uuid(), gen_random_uuid()::text, 't', "
            "null, null, at, at, false, 'UTC', case when n % 30 = 0 then 'FREQ=DAILY' end, '{}', null, at, at, 1 "
            "from (select n, timestamptz '2026-01-01' + n * interval '1 hour' as at from generate_series(1, 6000) n) x"
        )
        await connection.execute(
            "insert into tasks select 'https://one.test', 'ada', gen_random_uuid(), 't', null, "
            "case when n % 50 = 0 then 'open' else 'done' end, timestamptz '2026-01-01' + n * interval '1 hour', "
            "now(), now(), 1 from generate_series(1, 6000) n"
        )
    administrator = await connect(platform.login(MIGRATOR, "migrator", name))
    await administrator.execute("analyze events, tasks")
    await administrator.close()
    since, before, ident = WEEK.since - timedelta(days=150), WEEK.before, UUID(int=0)
    early = since - timedelta(days=31)
    async with database.connection(ADA) as connection:
        plans = {
            "events_once": await plan(connection, ONCE, *own, early, before, since, 21),
            "events_once ": await plan(connection, ONCE_AFTER, *own, since, before, since, 21, ident),
            "events_repeated": await plan(connection, REPEATED, *own, before, since, 20),
            "tasks_pkey": await plan(connection, PAGES[False, False], *own, below(None), 21),
            "tasks_by_status": await plan(connection, PAGES[True, False], *own, below(None), 21, "open"),
        }
        # What the server makes of a prepared statement from its sixth use on, for whatever it is asked with.
        await connection.execute("set plan_cache_mode = force_generic_plan")
        due = f"'{since}', '{above(None)}', '{before}', 21"
        await connection.execute(f"prepare due as {PAGES[False, True]}")
        await connection.execute(f"prepare due_of_status as {PAGES[True, True]}")
        plans["tasks_by_due"] = await plan(connection, f"execute due('{own[0]}', '{own[1]}', {due})")
        plans["tasks_by_status_and_due"] = await plan(
            connection, f"execute due_of_status('{own[0]}', '{own[1]}', {due}, 'open')"
        )
    for index, told in plans.items():
        assert index.strip() in told, told
        assert "Seq Scan" not in told, told
        assert "Sort" not in told, told
        assert "Index Cond" in told, told
    assert "ROW(due, id) > ROW($3, $4)" in plans["tasks_by_due"]


async def test_a18_statements_are_the_same_text_whatever_is_asked(database: Database) -> None:
    recorded = Recorded(database)
    events, tasks = PostgresEvents(recorded), PostgresTasks(recorded)
    texts = set[frozenset[str]]()
    for text in HOSTILE:
        recorded.texts.clear()
        owner = Principal(issuer=text, subject=text)
        made = event(uid=text, title=text, notes=text, location=text)
        await events.add(owner, made)
        await events.merge(owner, [text, "new"], lambda uid, old: old or event(uid=uid))
        await events.change(owner, made.id, lambda old: revise(old, old.content, now=NOW))
        for after in (None, (START, made.id)):
            await events.within(owner, WEEK, limit=9, after=after)
        await events.batch(owner, limit=9, after=made.id)
        task = begin_task(task_content(title=text, notes=text, status=TaskStatus.OPEN, due=NOW), now=NOW)
        await tasks.add(owner, task)
        for only in (
            TaskFilter(),
            TaskFilter(status=TaskStatus.OPEN),
            TaskFilter(due_after=NOW),
            TaskFilter(due_before=NOW + timedelta(days=1), status=TaskStatus.OPEN),
        ):
            found = await tasks.page(owner, limit=9, after=None, only=only)
            assert [one.content.title for one in found.tasks] == [text]
        # beside what the driver asks the catalog about types, once per connection
        texts.add(frozenset(one for one in recorded.texts if re.search(r"\b(events|tasks)\b", one)))
    [statements] = texts
    assert len(statements) == 14
    assert not [one for one in statements if any(text in one for text in HOSTILE[:2])]


async def test_tasks_are_found_by_status_and_due_time_in_pages(database: Database) -> None:
    tasks = PostgresTasks(database)
    for number in range(6):
        status = TaskStatus.OPEN if number % 2 else TaskStatus.DONE
        due = NOW + timedelta(days=number) if number else None
        now = NOW + timedelta(seconds=number)
        await tasks.add(ADA, begin_task(task_content(title=str(number), notes=None, status=status, due=due), now=now))

    async def titles(only: TaskFilter) -> str:
        first = await tasks.page(ADA, limit=2, after=None, only=only)
        rest = await tasks.page(ADA, limit=9, after=first.after, only=only) if first.after else None
        return "".join(one.content.title for one in (*first.tasks, *(rest.tasks if rest else ())))

    assert await titles(TaskFilter(status=TaskStatus.OPEN)) == "531"
    assert await titles(TaskFilter(due_after=NOW + timedelta(days=3))) == "345"
    assert await titles(TaskFilter(due_before=NOW + timedelta(days=3))) == "12"
    assert await titles(TaskFilter(due_after=NOW + timedelta(days=2), status=TaskStatus.DONE)) == "24"
    assert await titles(TaskFilter()) == "543210"


def named(profile: Profile, name: str) -> Profile:
    return revise_profile(profile, ProfileContent(display_name=name, email="a@b", locale="de"), now=NOW)


async def test_a_profile_comes_back_and_what_tells_who_it_is_is_sealed(database: Database) -> None:
    sealer = MemorySealer()
    profiles = PostgresProfiles(database, sealer)
    assert await profiles.get(ADA) == Profile()
    await profiles.change(ADA, lambda profile: named(profile, "Ada Lovelace"))
    await profiles.change(ADA, lambda profile: grant(profile, Plan.PREMIUM, now=NOW + timedelta(hours=1)))
    kept = await profiles.get(ADA)
    assert (kept.content.display_name, kept.plan, kept.version, kept.created_at) == (
        "Ada Lovelace",
        Plan.PREMIUM,
        2,
        NOW,
    )
    async with database.connection(ADA) as connection:
        row = await connection.fetchval("select profiles::text from profiles")
    assert "Lovelace" not in row
    assert "a@b" not in row
    assert sealer.places == {"profiles|display_name|ada", "profiles|email|ada"}
    for other in OTHERS:
        assert await profiles.get(other) == Profile()


async def test_changes_of_a_profile_at_once_are_all_applied_or_refused(database: Database) -> None:
    profiles = PostgresProfiles(database, MemorySealer())
    changes = (profiles.change(ADA, lambda profile: named(profile, "n")) for _ in range(4))
    results = await asyncio.gather(*changes, return_exceptions=True)
    applied = [one for one in results if isinstance(one, Profile)]
    assert all(isinstance(one, Profile | Conflict) for one in results)
    assert (await profiles.get(ADA)).version == len(applied) >= 1


async def test_nothing_is_kept_for_an_erased_person(database: Database, platform: Platform, name: str) -> None:
    administrator = await connect(platform.login(MIGRATOR, "migrator", name))
    await administrator.execute(
        "insert into erasures (person, id, requested_at) values (person_of($1, $2), gen_random_uuid(), now())",
        *(ADA.issuer, ADA.subject),
    )
    await administrator.close()
    for attempt in (
        PostgresEvents(database).add(ADA, event()),
        PostgresEvents(database).merge(ADA, ["u"], lambda uid, _: event(uid=uid)),
        PostgresProfiles(database, MemorySealer()).change(ADA, lambda profile: named(profile, "n")),
    ):
        with pytest.raises(Erased):
            await attempt
