"""The restore against a real PostgreSQL and the blob data plane: what was backed up is there again, or nothing is."""

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from app.contract import RestoreEnv
from app.domain.audit import AuditEvent
from app.domain.errors import Erased
from app.domain.models import Principal
from app.jobs.backup import Manifest, back_up
from app.jobs.migrate import DatabaseRole, migrate
from app.jobs.restore import RestoreError, restore
from app.storage.anchors import anchor_audit
from app.storage.audit import PostgresAuditTrail
from app.storage.audit_history import PostgresAuditHistory
from app.storage.connection import Connection, DatabaseError, connect
from app.storage.schema import NEWEST
from localazure.store import Record
from tests.integration.privacy.planted import plant
from tests.integration.privacy.privacy_scene import ADMINISTRATOR, NOW, Scene, Stage, open_stage, person
from tests.unit.localazure.arm import BLOB_CONTRIBUTOR, BLOB_READER, create, grant

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT: Final = Path(__file__).parents[3]
WITHIN_S: Final = 60


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stage]:
    """A server and an account."""
    async with open_stage(tmp_path_factory.mktemp("state")) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def container(stage: Stage) -> Record:
    """A container of a test's own, for backups, anchors and the ledger of erasures."""
    azure, name = stage.place.azure, f"c{uuid4().hex}"
    versions = {"enabled": True}
    made = await create(azure, "storage:BlobContainer", containerName=name, immutableStorageWithVersioning=versions)
    await grant(azure, stage.place.identity, BLOB_CONTRIBUTOR, made, str(uuid4()))
    return made


@pytest_asyncio.fixture(loop_scope="module")
async def lost(stage: Stage, container: Record) -> AsyncGenerator[Scene]:
    """The database that is backed up, and then of no use any more."""
    async with stage.scene(container.name) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def empty(stage: Stage, container: Record) -> AsyncGenerator[Scene]:
    """A migrated database beside it, on the same container."""
    async with stage.scene(container.name) as opened:
        yield opened


SERVICE_ROWS: Final = """
insert into outbox values (gen_random_uuid(), 'k', '{"a": 1}', 's', now());
insert into inbox values ('m', 'k', now());
insert into telegram_updates values (1, E'"a",\\n\\\\b', now());
insert into erasures values ('\\x00ff', gen_random_uuid(), null, null, '{a,b}', now(), now(), '{"a": null}');
"""
MANY: Final = """
alter table tasks disable trigger user;
insert into tasks
    select 'i', 's' || n, gen_random_uuid(), 't', null, 'open', null, now(), now(), 1
    from generate_series(1, 20000) as n
"""
"""More people than a server with a hundred connections has locks for."""


class Clock:
    """Each backup is taken at a time of its own, later than the one before."""

    def __init__(self) -> None:
        self.now = NOW

    def next(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


CLOCK: Final = Clock()


async def backed_up(scene: Scene) -> tuple[str, Manifest]:
    """Take a backup; its name, and what it says."""
    now = CLOCK.next()
    return f"{now:%Y%m%dT%H%M%SZ}", await back_up(scene.administrator, scene.archive, now=now)


async def restored(scene: Scene, name: str = "") -> None:
    """Restore a backup into a database."""
    await restore(scene.administrator, backups=scene.archive, archive=scene.archive, name=name, now=NOW)


async def execute(scene: Scene, statement: str, *, database: str = "") -> None:
    """Change a database, as the owner of its tables."""
    connection: Connection = await connect(replace(scene.administrator, database=database or scene.name))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def rows_of(scene: Scene) -> Mapping[str, Counter[str]]:
    """Every row of every table, as the server writes it."""
    connection: Connection = await connect(scene.administrator)
    try:
        tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
        names: list[str] = [row[0] for row in tables]
        query = "select {0}::text from {0}"
        return {name: Counter([row[0] for row in await connection.fetch(query.format(name))]) for name in names}
    finally:
        await connection.close()


async def fill(scene: Scene, *people: Principal) -> None:
    """Keep rows in every table: those of people, and those of the service."""
    for owner in people:
        await plant(scene.api, scene.sealer, owner)
    await execute(scene, SERVICE_ROWS)
    await audited(scene, 3)
    await anchor_audit(scene.keeper, scene.archive, NOW)


async def audited(scene: Scene, count: int) -> None:
    """Add to the audit trail."""
    for number in range(count):
        event = AuditEvent(actor=person("ada"), action=f"plan.{number}", object="ä", outcome="done", at=NOW)
        await PostgresAuditTrail(scene.api).record(event)


async def test_every_row_of_every_table_is_there_again_and_the_trail_goes_on(lost: Scene, empty: Scene) -> None:
    await fill(lost, person("ada"), person("bob"))
    await backed_up(lost)
    kept = await rows_of(lost)
    assert all(kept.values()), "a table without a row proves nothing"
    await audited(lost, 2)
    await anchor_audit(lost.keeper, lost.archive, NOW)  # of what is lost

    await restored(empty)

    found = await rows_of(empty)
    more = {table: found[table] - rows for table, rows in kept.items() if found[table] != rows}
    assert {table: kept[table] - found[table] for table in more} == {"audit_events": Counter()}
    [event] = more["audit_events"]
    assert "backup.restore" in event
    report = await PostgresAuditHistory(empty.keeper).verify(last=100)
    assert (report.verification.flaw, report.verification.checked) == (None, 4)
    assert (await anchor_audit(empty.keeper, empty.archive, NOW)).sequence == 4
    anchors = [found.name async for found in empty.archive.listed("anchors/")]
    [left] = [name for name in anchors if name.startswith("anchors/superseded/")]
    assert left.replace("superseded/", "") in anchors, "what was lost can be told from its anchor"
    await audited(empty, 1)
    assert (await anchor_audit(empty.keeper, empty.archive, NOW)).sequence == 5
    with pytest.raises(DatabaseError, match="only ever added to"):
        await execute(empty, "delete from audit_events")


async def test_a_second_run_finds_the_database_filled_and_changes_nothing(lost: Scene, empty: Scene) -> None:
    await plant(lost.api, lost.sealer, person("ada"))
    await backed_up(lost)
    await restored(empty)
    before = await rows_of(empty)
    with pytest.raises(RestoreError, match="the database is not empty, audit_events has rows"):
        await restored(empty)
    assert await rows_of(empty) == before


async def test_a_named_backup_is_restored_instead_of_the_newest(lost: Scene, empty: Scene) -> None:
    await plant(lost.api, lost.sealer, person("ada"))
    name, _ = await backed_up(lost)
    await plant(lost.api, lost.sealer, person("bob"))
    await backed_up(lost)
    with pytest.raises(RestoreError, match='"20010101T000000Z" is no complete backup; the newest are '):
        await restored(empty, "20010101T000000Z")
    await restored(empty, name)
    assert (await rows_of(empty))["tasks"].total() == 1


async def test_a22_who_was_erased_after_the_backup_is_gone_before_anybody_looks(lost: Scene, empty: Scene) -> None:
    ada, bob, eve = (person(f"{name}-restore") for name in ("ada", "bob", "eve"))
    await fill(lost, ada, bob, eve)
    await lost.erasures.begin(eve, now=NOW)  # and not carried out
    await backed_up(lost)
    erasure = await lost.erasures.begin(ada, now=NOW)
    await lost.work.erase(erasure.id)  # and no upkeep before the loss

    await restored(empty)

    found = await rows_of(empty)
    for name in ("ada-restore", "eve-restore"):
        naming = {table for table, rows in found.items() if name in str(rows)}
        assert naming == {"erasures", "telegram_links"}, "the fence, and what the worker needs to find waiting messages"
    with pytest.raises(Erased):
        await plant(empty.api, empty.sealer, ada)
    async with empty.keeper.connection() as connection:
        orders = await connection.fetch("select body from outbox where kind = 'privacy.erase'")
    for order in orders:
        await empty.work.erase(UUID(json.loads(order["body"])["erasure"]))
    left = str(await rows_of(empty))
    assert "ada-restore" not in left
    assert "eve-restore" not in left
    assert left.count("bob-restore") > 9


async def test_a_backup_with_more_people_than_the_server_has_locks_is_restored(lost: Scene, empty: Scene) -> None:
    await execute(lost, MANY)
    await backed_up(lost)
    await restored(empty)
    assert (await rows_of(empty))["tasks"].total() == 20_000


@pytest.mark.parametrize("damage", ["changed", "cut", "gone"])
async def test_a_damaged_backup_is_refused_and_nothing_is_written(lost: Scene, empty: Scene, damage: str) -> None:
    await fill(lost, person("ada"))
    name, _ = await backed_up(lost)
    file = f"{name}/tasks.csv.gz"
    content = await lost.archive.read(file)
    if damage == "gone":
        await lost.archive.delete(file)
    else:
        broken = content[:-1] if damage == "cut" else content[:-1] + bytes([content[-1] ^ 1])
        await lost.archive.write(file, broken, replaces=True)
    with pytest.raises(RestoreError, match=rf"{file} is damaged|no blob {file}"):
        await restored(empty, name)
    assert not any((await rows_of(empty)).values())


async def test_rows_that_are_refused_half_way_leave_nothing(lost: Scene, empty: Scene) -> None:
    await fill(lost, person("ada"))
    name, _ = await backed_up(lost)
    await execute(empty, "alter table tasks add constraint never check (false)")
    with pytest.raises(RestoreError, match="never"):
        await restored(empty, name)
    assert not any((await rows_of(empty)).values())
    await execute(empty, "alter table tasks drop constraint never")
    await restored(empty, name)
    with pytest.raises(DatabaseError, match="only ever added to"):
        await execute(empty, "delete from consents")


async def test_a_schema_of_another_revision_is_refused(lost: Scene, empty: Scene) -> None:
    await backed_up(lost)
    await execute(empty, "update migration.alembic_version set version_num = '0001'")
    with pytest.raises(RestoreError, match=rf"revision is 0001, that of \w+ is {NEWEST}: migrate"):
        await restored(empty)
    await execute(empty, "drop schema migration cascade")
    with pytest.raises(RestoreError, match="revision is none"):
        await restored(empty)


async def test_a_table_that_only_one_side_has_is_refused(lost: Scene, empty: Scene) -> None:
    await backed_up(lost)
    await execute(empty, "create table later (id uuid)")
    with pytest.raises(RestoreError, match=r"only one of \w+ and the database has later"):
        await restored(empty)


async def test_a_damaged_database_is_put_aside_as_the_runbook_says_and_another_is_restored(lost: Scene) -> None:
    await fill(lost, person("ada"))
    await backed_up(lost)
    kept = await rows_of(lost)
    page = (ROOT / "docs" / "runbooks" / "restore.md").read_text(encoding="utf-8")
    [block] = [each for each in re.findall(r"^```\n(.*?)^```", page, re.MULTILINE | re.DOTALL) if "DATABASE" in each]
    for statement in block.replace("digitalmee", lost.name).splitlines():
        await execute(lost, statement, database="postgres")
    roles = [DatabaseRole(name=name, object_id=str(uuid4())) for name in ("again", "reader-again")]
    await migrate(lost.administrator, services=roles[:1], reader=roles[1])
    await restored(lost)
    assert (await rows_of(lost))["tasks"] == kept["tasks"]


async def run(stage: Stage, scene: Scene, *, backups: str, backup: str) -> tuple[int | None, list[dict[str, Any]]]:
    """Run the role as the platform does; gives the exit code and the lines that it logged."""
    environ = {
        **stage.place.azure.runtime.admit("restore", [ADMINISTRATOR]),
        "PATH": os.environ["PATH"],
        RestoreEnv.AUDIT_CONTAINER: "audit",
        RestoreEnv.AZURE_CLIENT_ID: ADMINISTRATOR.client_id,
        RestoreEnv.BACKUP_CONTAINER: backups,
        RestoreEnv.DATABASE_HOST: f"{stage.endpoint.host}:{stage.endpoint.port}",
        RestoreEnv.DATABASE_NAME: scene.name,
        RestoreEnv.DATABASE_ROLE: "admin",
        RestoreEnv.LOG_LEVEL: "info",
        RestoreEnv.RESTORE_BACKUP: backup,
        RestoreEnv.STORAGE_BLOB_ENDPOINT: stage.place.account.outputs["primaryEndpoints"]["blob"],
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app", "restore", cwd=ROOT, env=environ, stdout=PIPE, stderr=PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), WITHIN_S)
    assert not err, err.decode()
    return process.returncode, [json.loads(line) for line in out.splitlines()]


async def test_the_job_restores_as_the_administrator_who_only_reads_backups(
    stage: Stage, lost: Scene, empty: Scene, container: Record
) -> None:
    azure = stage.place.azure
    audit = await create(azure, "storage:BlobContainer", containerName="audit")
    for role, scope in ((BLOB_READER, container), (BLOB_CONTRIBUTOR, audit)):
        await create(
            azure,
            "authorization:RoleAssignment",
            principalId=ADMINISTRATOR.object_id,
            roleAssignmentName=str(uuid4()),
            roleDefinitionId=role,
            scope=scope.id,
        )
    await fill(lost, person("ada"))
    name, manifest = await backed_up(lost)

    code, lines = await run(stage, empty, backups=container.name, backup=name)

    assert code == 0, lines
    told = [line["message"] for line in lines]
    assert told[0] == "backup checked"
    assert told.count("table restored") == len(manifest.tables)
    assert lines[-1]["message"] == "restored"
    assert lines[-1]["rows"] == sum(table.rows for table in manifest.tables)
    before = await rows_of(empty)

    code, lines = await run(stage, empty, backups=container.name, backup="")

    assert code == 1
    assert lines[-1]["message"].startswith("restore failed: the database is not empty, audit_anchors has rows")
    assert await rows_of(empty) == before
