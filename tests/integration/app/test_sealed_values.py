"""Sealing with a real PostgreSQL, and a vault that the official SDK asks."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import pytest_asyncio

from app.domain.errors import Erased, Unavailable
from app.domain.models import Principal
from app.jobs.migrate import DatabaseRole, migrate
from app.sealing.data_keys import DataKeys
from app.sealing.sealer import EnvelopeSealer
from app.sealing.vault_key import VaultKey
from app.storage.connection import connect
from app.storage.database import Database
from app.storage.subject_keys import PostgresSubjectKeys
from localazure.planes.key_store import Lifetime
from tests.integration.app.platform_parts import API, BACKUP_ROLE, MIGRATOR, Platform
from tests.integration.vault.vault_harness import PeopleVault, key_client, people_vault

pytestmark = pytest.mark.asyncio(loop_scope="module")

PLACE = "profiles|email|-"
CANARY = "canary-7f3a@example.test"


def person() -> Principal:
    return Principal(issuer="https://one.test", subject=str(uuid4()))


@dataclass(kw_only=True)
class Scene:
    """A database, a vault with one key, and as many replicas as a test opens."""

    database: Database
    name: str
    platform: Platform
    stack: AsyncExitStack
    vault: PeopleVault

    async def replica(self, *, clock: Callable[[], float] = lambda: 0.0) -> EnvelopeSealer:
        """Open what one process seals with, and what it has kept of keys counts by this clock."""
        client = key_client(self.vault.uri, self.platform.signer, API, trust=str(self.platform.bundle))
        await self.stack.enter_async_context(client)
        wrapping = VaultKey(client, self.vault.key_id, clock=clock)
        return EnvelopeSealer(DataKeys(PostgresSubjectKeys(self.database), wrapping, clock=clock))

    async def wrapping_version(self, owner: Principal) -> str:
        async with self.database.connection(owner) as connection:
            key = await connection.fetchval("select wrapping_key from subject_keys where subject = $1", owner.subject)
        return key.rpartition("/")[2]

    async def change(self, owner: Principal, statement: str, *values: object) -> None:
        async with self.database.connection(owner) as connection:
            await connection.execute(statement, *values)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def database_name(platform: Platform) -> str:
    name = await platform.new_database()
    service = DatabaseRole(name="api", object_id=API.object_id)
    await migrate(platform.login(MIGRATOR, "migrator", name), services=[service], reader=BACKUP_ROLE)
    return name


@pytest_asyncio.fixture(loop_scope="module")
async def scene(platform: Platform, database_name: str) -> AsyncGenerator[Scene]:
    async with AsyncExitStack() as stack:
        vault = await stack.enter_async_context(people_vault(platform.authority, platform.signer))
        database = await stack.enter_async_context(Database.open(platform.login(API, "api", database_name)))
        yield Scene(database=database, name=database_name, platform=platform, stack=stack, vault=vault)


async def test_a_dump_of_the_database_holds_nothing_that_was_sealed(scene: Scene) -> None:
    ada, sealer = person(), await scene.replica()
    sealed, index = await sealer.seal(ada, PLACE, CANARY), await sealer.index("chat", CANARY)
    who, now = (ada.issuer, ada.subject), datetime.now(UTC)
    statement = "insert into profiles values ($1, $2, null, $3, 'en', 'UTC', 'free', $4, $4, 1)"
    await scene.change(ada, statement, *who, sealed, now)
    await scene.change(ada, "insert into telegram_links values ($1, $2, $3, $3, $4)", *who, index, now)
    administrator = await connect(scene.platform.login(MIGRATOR, "migrator", scene.name))
    tables = await administrator.fetch("select tablename from pg_tables where schemaname = 'public'")
    dump = [str(await administrator.fetch(f"select {name}::text from {name}")) for (name,) in tables]  # noqa: S608 - own tables
    await administrator.close()
    everything = "\n".join(dump)
    assert sealed.hex() in everything
    assert CANARY not in everything
    assert CANARY.encode().hex() not in everything
    assert await (await scene.replica()).unseal(ada, PLACE, sealed) == CANARY


async def test_first_values_at_once_in_several_processes_share_one_key(scene: Scene) -> None:
    ada, replicas = person(), [await scene.replica() for _ in range(4)]
    sealed = await asyncio.gather(*(replicas[n % 4].seal(ada, PLACE, str(n)) for n in range(20)))
    fresh = await scene.replica()
    assert [await fresh.unseal(ada, PLACE, value) for value in sealed] == [str(n) for n in range(20)]


async def test_a32_a_key_that_is_rotated_under_load_costs_no_error_and_old_values_open(scene: Scene) -> None:
    people = [person() for _ in range(6)]
    old = {who: await (await scene.replica()).seal(who, PLACE, CANARY) for who in people[:3]}
    first = scene.vault.keys.version("people").version

    async def use(turn: int) -> int:
        replica, opened = await scene.replica(), 0  # a process that has just started: each asks the vault anew
        for who in people:
            value = old.get(who) or await replica.seal(who, PLACE, CANARY)
            opened += await replica.unseal(who, PLACE, value) == CANARY
        if turn % 3 == 0:
            scene.vault.keys.rotate("people")
        return opened

    opened = await asyncio.gather(*(use(turn) for turn in range(8)))
    assert opened == [len(people)] * 8
    last = await scene.replica()
    for who in people:
        assert await last.unseal(who, PLACE, await last.seal(who, PLACE, CANARY)) == CANARY
    newest = scene.vault.keys.version("people").version
    assert {await scene.wrapping_version(who) for who in people} == {newest} != {first}
    scene.vault.keys.change("people", first, lifetime=Lifetime(enabled=False))
    assert [await (await scene.replica()).unseal(who, PLACE, value) for who, value in old.items()] == [CANARY] * 3


async def test_a_vault_that_is_away_is_unavailable_but_for_keys_at_hand_and_comes_back(scene: Scene) -> None:
    ada, replica, port = person(), await scene.replica(), int(scene.vault.uri.rstrip("/").rpartition(":")[2])
    sealed, other = await replica.seal(ada, PLACE, CANARY), await scene.replica()
    await scene.vault.plane.stop()
    assert await replica.unseal(ada, PLACE, sealed) == CANARY
    for attempt in (other.unseal(ada, PLACE, sealed), other.seal(person(), PLACE, CANARY), other.ping()):
        with pytest.raises(Unavailable):
            await attempt
    await scene.vault.plane.start(scene.platform.authority.server_context(), port)
    assert await other.unseal(ada, PLACE, sealed) == CANARY
    await other.ping()


async def test_a_disabled_key_neither_wraps_nor_unwraps(scene: Scene) -> None:
    ada, bob = person(), person()
    sealed = await (await scene.replica()).seal(ada, PLACE, CANARY)
    scene.vault.keys.change("people", "", lifetime=Lifetime(enabled=False))
    late = await scene.replica()
    for attempt in (late.unseal(ada, PLACE, sealed), late.seal(bob, PLACE, CANARY)):
        with pytest.raises(Unavailable, match="disabled"):
            await attempt


async def test_a_key_that_names_another_vault_is_not_sent_there(scene: Scene) -> None:
    ada = person()
    sealed = await (await scene.replica()).seal(ada, PLACE, CANARY)
    await scene.change(ada, "update subject_keys set wrapping_key = 'https://evil.test/keys/people/1'")
    with pytest.raises(Unavailable, match="not by a version of"):
        await (await scene.replica()).unseal(ada, PLACE, sealed)


async def test_after_an_erasure_nothing_opens_and_no_key_is_made_again(scene: Scene) -> None:
    ada, here, there = person(), await scene.replica(), await scene.replica()
    sealed = await here.seal(ada, PLACE, CANARY)
    statement = "insert into erasures (person, id, requested_at) values (person_of($1, $2), gen_random_uuid(), now())"
    await scene.change(ada, statement, ada.issuer, ada.subject)
    await here.destroy(ada)
    for replica in (here, there):
        with pytest.raises(Erased):
            await replica.unseal(ada, PLACE, sealed)
        with pytest.raises(Erased):
            await replica.seal(ada, PLACE, CANARY)


async def test_the_key_of_a_person_is_seen_in_their_sight_alone(scene: Scene) -> None:
    ada, bob = person(), person()
    await (await scene.replica()).seal(ada, PLACE, CANARY)
    async with scene.database.connection(bob) as connection:
        assert await connection.fetch("select from subject_keys where subject = $1", ada.subject) == []
