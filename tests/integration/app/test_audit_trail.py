"""The audit trail in a real PostgreSQL, as the service's own role, and its anchors in a container of blobs."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import pytest_asyncio

from app.domain.audit import AuditEvent
from app.domain.audit_chain import Flaw, FlawKind, Head
from app.domain.audit_history import AuditQuery
from app.domain.errors import Unavailable
from app.domain.models import Principal
from app.domain.pseudonym import pseudonym
from app.jobs.migrate import DatabaseRole, migrate
from app.storage.audit import PostgresAuditTrail
from app.storage.audit_history import PostgresAuditHistory
from app.storage.connection import Connection, DatabaseError, connect
from app.storage.database import Database, Transaction
from tests.integration.app.platform_parts import API, BACKUP_ROLE, MIGRATOR, Platform

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADA = Principal(issuer="https://one.test", subject="ada")
BOB = Principal(issuer="https://one.test", subject="bob")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TASK = "insert into tasks values ('i', 's', $1, 't', null, 'open', null, now(), now(), 1)"
OWNER = Principal(issuer="i", subject="s")


def event(action: str = "plan.grant", *, actor: Principal = ADA, at: datetime = NOW) -> AuditEvent:
    detail = {"plan": "prémium \U0001f600", "why": 'a "quoted"\nline'}
    return AuditEvent(actor=actor, action=action, object="profile", outcome="done", at=at, about=BOB, detail=detail)


@dataclass(kw_only=True)
class Scene:
    """A new database, the service's login to it, and its administrator's."""

    administrator: Connection
    database: Database
    name: str
    platform: Platform

    @property
    def trail(self) -> PostgresAuditTrail:
        return PostgresAuditTrail(self.database)

    @property
    def history(self) -> PostgresAuditHistory:
        return PostgresAuditHistory(self.database)

    async def record(self, *actions: str) -> None:
        for action in actions:
            await self.trail.record(event(action))

    async def settle(self) -> None:
        """Wait for a session that has not been cut off; the next loan is of the same one."""
        async with asyncio.timeout(10):
            while True:
                with suppress(Unavailable):
                    return await self.database.ping()

    async def tamper(self, statement: str) -> None:
        """Change what cannot be changed, as whoever owns the tables could."""
        for table in ("audit_events", "audit_anchors"):
            await self.administrator.execute(f"alter table {table} disable trigger user")
        await self.administrator.execute(statement)
        for table in ("audit_events", "audit_anchors"):
            await self.administrator.execute(f"alter table {table} enable trigger user")

    async def flaw(self, *, last: int = 1_000) -> Flaw | None:
        return (await self.history.verify(last=last)).verification.flaw


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def migrated(platform: Platform) -> str:
    name = await platform.new_database()
    service = DatabaseRole(name="api", object_id=API.object_id)
    await migrate(platform.login(MIGRATOR, "migrator", name), services=[service], reader=BACKUP_ROLE)
    return name


@pytest_asyncio.fixture(loop_scope="module")
async def scene(platform: Platform, migrated: str) -> AsyncGenerator[Scene]:
    """An empty trail."""
    administrator = await connect(platform.login(MIGRATOR, "migrator", migrated))
    async with Database.open(platform.login(API, "api", migrated)) as database:
        made = Scene(administrator=administrator, database=database, name=migrated, platform=platform)
        await made.tamper("truncate audit_events, audit_anchors, tasks")
        yield made
    await administrator.close()


async def test_events_come_back_as_they_were_and_hang_together(scene: Scene) -> None:
    await scene.record("one", "two")
    page = await scene.history.page(AuditQuery(), limit=10, before=None)
    newest, oldest = page.entries
    assert (newest.sequence, oldest.sequence, newest.previous) == (2, 1, oldest.hash)
    assert (newest.actor, newest.about, newest.at) == (pseudonym(ADA), pseudonym(BOB), NOW)
    report = await scene.history.verify(last=10)
    assert (report.verification.checked, report.verification.flaw, report.whole) == (2, None, True)


async def test_pages_and_filters_find_what_is_asked_for(scene: Scene) -> None:
    for number in range(6):
        actor, at = (ADA, BOB)[number % 2], NOW + timedelta(hours=number)
        await scene.trail.record(event(f"a.{number % 3}", actor=actor, at=at))

    async def found(query: AuditQuery, before: int | None = None) -> tuple[list[int], int | None]:
        page = await scene.history.page(query, limit=2, before=before)
        return [entry.sequence for entry in page.entries], page.before

    assert await found(AuditQuery()) == ([6, 5], 5)
    assert await found(AuditQuery(), 3) == ([2, 1], None)
    assert await found(AuditQuery(actor=pseudonym(BOB))) == ([6, 4], 4)
    assert await found(AuditQuery(actor=pseudonym(ADA), action="a.2")) == ([3], None)
    assert await found(AuditQuery(about=pseudonym(ADA))) == ([], None)
    assert await found(AuditQuery(since=NOW + timedelta(hours=1), until=NOW + timedelta(hours=3))) == ([3, 2], None)


async def test_fifty_writers_at_once_in_several_processes_make_one_chain(scene: Scene) -> None:
    async with AsyncExitStack() as stack:
        login = scene.platform.login(API, "api", scene.name)
        trails = [PostgresAuditTrail(await stack.enter_async_context(Database.open(login))) for _ in range(3)]
        await asyncio.gather(*(trails[number % 3].record(event(f"a.{number}")) for number in range(50)))
    report = await scene.history.verify(last=50)
    assert (report.verification.checked, report.verification.flaw, report.whole) == (50, None, True)
    actions = {entry.action for entry in (await scene.history.page(AuditQuery(), limit=50, before=None)).entries}
    assert len(actions) == 50


async def test_writers_that_are_cut_off_leave_a_chain_without_a_gap(scene: Scene) -> None:
    async def cut() -> None:
        for _ in range(10):
            await scene.administrator.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'api' and datname = $1",
                scene.name,
            )
            await asyncio.sleep(0.01)

    writers = (scene.trail.record(event(f"a.{number}")) for number in range(40))
    *results, _ = await asyncio.gather(*writers, cut(), return_exceptions=True)
    failed = [result for result in results if result is not None]
    assert [result for result in failed if not isinstance(result, Unavailable)] == []
    await scene.settle()
    await scene.record("after")
    report = await scene.history.verify(last=100)
    assert (report.verification.flaw, report.whole) == (None, True)
    assert 41 - len(failed) <= report.verification.checked <= 41


async def change(scene: Scene, *, fails: bool = False) -> None:
    async with scene.database.connection(OWNER) as connection, connection.transaction():
        await connection.execute(TASK, uuid4())
        await PostgresAuditTrail(Transaction(connection)).record(event())
        if fails:
            raise LookupError


async def test_a_change_and_its_event_are_kept_together_or_not_at_all(scene: Scene) -> None:
    with pytest.raises(LookupError):
        await change(scene, fails=True)
    assert await scene.history.newest() == 0
    await change(scene)
    assert await scene.history.newest() == 1
    assert await scene.administrator.fetchval("select count(*) from tasks") == 1


async def test_a34_a_change_whose_event_cannot_be_kept_is_undone_and_unavailable(scene: Scene) -> None:
    await scene.administrator.execute("revoke insert on audit_events from api")
    with pytest.raises(Unavailable):
        await scene.record("alone")
    with pytest.raises(Unavailable):
        await change(scene)
    assert await scene.administrator.fetchval("select count(*) from tasks") == 0
    await scene.administrator.execute("grant insert on audit_events to api")
    await scene.record("again")
    assert await scene.flaw() is None


async def test_a34_a_trail_that_is_blocked_is_unavailable_in_time(scene: Scene) -> None:
    login = replace(scene.platform.login(API, "api", scene.name), statement_s=0.2)
    async with Database.open(login) as impatient, scene.database.connection() as holder, holder.transaction():
        await PostgresAuditTrail(Transaction(holder)).record(event())
        with pytest.raises(Unavailable):
            await PostgresAuditTrail(impatient).record(event())


@pytest.mark.parametrize(
    "statement",
    ["update audit_events set outcome = 'x'", "delete from audit_events", "truncate audit_events"],
)
async def test_nobody_changes_an_event_neither_the_service_nor_who_owns_the_table(scene: Scene, statement: str) -> None:
    await scene.record("one")
    with pytest.raises(DatabaseError, match="permission denied"):
        async with scene.database.connection() as connection:
            await connection.execute(statement)
    with pytest.raises(DatabaseError, match="is only ever added to") as refusal:
        await scene.administrator.execute(statement)
    assert vars(refusal.value)["sqlstate"] == "DM002"
    assert await scene.history.newest() == 1


REPLAY = (
    "insert into audit_events select 6, at, actor, action, object, outcome, about, detail, previous, hash "
    "from audit_events where sequence = 2"
)
SWAP = (
    "update audit_events set sequence = -sequence where sequence in (2, 3);"
    "update audit_events set sequence = 5 + sequence where sequence < 0"
)
HARM: Sequence[tuple[str, Flaw]] = (
    ("update audit_events set outcome = 'refused' where sequence = 3", Flaw(sequence=3, kind=FlawKind.EDITED)),
    ("update audit_events set at = at + interval '1 us' where sequence = 3", Flaw(sequence=3, kind=FlawKind.EDITED)),
    ("delete from audit_events where sequence = 3", Flaw(sequence=3, kind=FlawKind.MISSING)),
    ("delete from audit_events where sequence > 3", Flaw(sequence=5, kind=FlawKind.TRUNCATED)),
    ("delete from audit_events", Flaw(sequence=5, kind=FlawKind.TRUNCATED)),
    (REPLAY, Flaw(sequence=6, kind=FlawKind.EDITED)),
    (SWAP, Flaw(sequence=2, kind=FlawKind.EDITED)),
)


@pytest.mark.parametrize(("statement", "flaw"), HARM)
async def test_harm_done_by_who_owns_the_tables_is_located(scene: Scene, statement: str, flaw: Flaw) -> None:
    await scene.record("a", "b", "c", "d", "e")
    head = (await scene.history.verify(last=10)).verification.head
    await note(scene, head)
    assert await scene.flaw() is None
    await scene.tamper(statement)
    assert await scene.flaw() == flaw


async def test_a_look_at_the_last_entries_begins_where_it_is_told(scene: Scene) -> None:
    await scene.record("a", "b", "c", "d", "e")
    await scene.tamper("update audit_events set outcome = 'refused' where sequence = 2")
    assert (await scene.history.verify(last=2)).verification.checked == 2
    assert await scene.flaw(last=2) is None
    assert await scene.flaw(last=4) == Flaw(sequence=2, kind=FlawKind.EDITED)
    await scene.tamper("delete from audit_events where sequence = 3")
    assert await scene.flaw(last=2) == Flaw(sequence=3, kind=FlawKind.MISSING)


async def test_a_chain_longer_than_a_step_is_followed_to_its_end(scene: Scene) -> None:
    await scene.record("first")
    entry = (await scene.history.page(AuditQuery(), limit=1, before=None)).entries[0]
    await scene.administrator.execute(
        "insert into audit_events select g, $1, '', 'a', 'o', 'done', '', '{}', '', '' from generate_series(2, 2500) g",
        NOW,
    )
    report = await scene.history.verify(last=5_000)
    assert report.verification.head == Head(sequence=1, hash=entry.hash)
    assert report.verification.flaw == Flaw(sequence=2, kind=FlawKind.EDITED)


async def note(scene: Scene, head: Head) -> None:
    """Note an anchor in the database, as the upkeep does."""
    async with scene.database.connection() as connection:
        statement = "insert into audit_anchors values ($1, $2, 'blob', $3)"
        await connection.execute(statement, head.sequence, head.hash, NOW)
