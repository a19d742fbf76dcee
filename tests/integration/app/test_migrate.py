"""The migration against a real server with Entra logins."""

import asyncio
import ssl
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from app.domain.errors import Unavailable
from app.jobs.migrate import DatabaseRole, MigrationError, migrate
from app.storage.connection import Connection, DatabaseError, Login, connect
from app.storage.schema import NEWEST, upgrade_sql
from tests.integration.app.platform_parts import API, BACKUP_ROLE, MIGRATOR, READER, WORKER, Platform

pytestmark = pytest.mark.asyncio(loop_scope="module")

API_ROLE = DatabaseRole(name="api", object_id=API.object_id)
ONE_TASK = "insert into tasks values ('i', 's', gen_random_uuid(), 't', null, 'open', null, now(), now(), 1)"
VERSION = "select version_num from migration.alembic_version"


async def ask(login: Login, statement: str) -> Any:
    """Run one statement and answer its first value."""
    connection: Connection = await connect(login)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


@pytest_asyncio.fixture(loop_scope="module")
async def admin(platform: Platform) -> Login:
    """Give the administrator's login to an empty database."""
    return platform.login(MIGRATOR, "migrator", await platform.new_database())


async def run(admin: Login, role: str = "api") -> None:
    await migrate(admin, services=[DatabaseRole(name=role, object_id=API.object_id)], reader=BACKUP_ROLE)


async def test_an_empty_database_gets_the_schema_and_the_service_its_role(platform: Platform, admin: Login) -> None:
    await run(admin)
    service = platform.login(API, "api", admin.database)
    assert await ask(admin, VERSION) == NEWEST
    assert await ask(service, "select count(*) from tasks") == 0


async def test_each_service_gets_a_role_of_its_own(platform: Platform, admin: Login) -> None:
    worker = DatabaseRole(name="worker", object_id=WORKER.object_id)
    await migrate(admin, services=[API_ROLE, worker], reader=BACKUP_ROLE)
    for identity, role in ((API, "api"), (WORKER, "worker")):
        assert await ask(platform.login(identity, role, admin.database), "select current_user::text") == role
    with pytest.raises(Unavailable):
        await ask(platform.login(API, "worker", admin.database), "select 1")


async def test_a_schema_of_the_first_release_is_upgraded_and_keeps_its_tasks(platform: Platform, admin: Login) -> None:
    first, _, later = upgrade_sql(None).partition("-- Running upgrade 0001 -> 0002")
    assert later
    connection: Connection = await connect(admin)
    await connection.execute(f"create schema migration; {first}; {ONE_TASK}")
    await connection.close()
    await run(admin)
    service = platform.login(API, "api", admin.database)
    assert await ask(admin, VERSION) == NEWEST
    assert await ask(admin, "select count(*) from tasks") == 1
    assert await ask(service, "select count(*) from inbox") == 0


async def test_migrating_again_changes_nothing(admin: Login) -> None:
    await run(admin)
    before = await ask(admin, "select max(oid::int8) from pg_class where relkind = 'r'")
    await run(admin)
    assert await ask(admin, "select max(oid::int8) from pg_class where relkind = 'r'") == before


async def test_a_role_of_an_identity_that_was_made_again_is_named_with_what_to_do(admin: Login) -> None:
    await run(admin)
    with pytest.raises(MigrationError, match=f'role "api" is for the object {API.object_id}, not for .* drop it'):
        await migrate(admin, services=[DatabaseRole(name="api", object_id=str(uuid4()))], reader=BACKUP_ROLE)


async def test_replicas_that_migrate_at_once_all_succeed(admin: Login) -> None:
    await asyncio.gather(*(run(admin, f"api-{uuid4().hex}") for _ in range(2)), *(run(admin) for _ in range(4)))
    assert await ask(admin, "select count(*) from migration.alembic_version") == 1


@pytest.mark.parametrize(
    "forbidden",
    [
        "drop table tasks",
        "truncate tasks",
        "alter table tasks add column more text",
        "create table more (id int)",
        "create schema more",
        "create role more",
        VERSION,
        "update migration.alembic_version set version_num = '0'",
    ],
)
async def test_the_service_may_not_change_the_schema(platform: Platform, admin: Login, forbidden: str) -> None:
    await run(admin)
    with pytest.raises(DatabaseError, match=r"permission denied|must be owner"):
        await ask(platform.login(API, "api", admin.database), forbidden)


async def test_the_backup_may_read_everything_and_change_nothing(platform: Platform, admin: Login) -> None:
    await run(admin)
    reader = platform.login(READER, "backup", admin.database)
    assert await ask(reader, VERSION) == NEWEST
    assert await ask(reader, "select count(*) from tasks") == 0
    for forbidden in ("delete from tasks", "create table more (id int)"):
        with pytest.raises(DatabaseError, match="permission denied"):
            await ask(reader, forbidden)


async def test_a_schema_of_a_later_release_is_left_alone(admin: Login) -> None:
    await run(admin)
    await ask(admin, "update migration.alembic_version set version_num = '9999' returning 1")
    await run(admin)
    assert await ask(admin, VERSION) == "9999"


async def test_a_failed_upgrade_leaves_nothing_behind(admin: Login) -> None:
    await ask(admin, "create table tasks (other int)")
    with pytest.raises(MigrationError, match='relation "tasks" already exists'):
        await run(admin)
    assert await ask(admin, "select to_regnamespace('migration')") is None


async def test_a_server_that_does_not_answer_is_named_in_the_reason(admin: Login) -> None:
    nowhere = replace(admin, port=1)
    with pytest.raises(MigrationError, match=r"127\.0\.0\.1:1/postgres as migrator"):
        await migrate(nowhere, services=[API_ROLE], reader=BACKUP_ROLE, connect_within=1.5)


async def test_a_server_with_another_authority_is_not_believed(admin: Login) -> None:
    stranger = replace(admin, tls=ssl.create_default_context())
    with pytest.raises(MigrationError, match="certificate verify failed"):
        await migrate(stranger, services=[API_ROLE], reader=BACKUP_ROLE, connect_within=0)
