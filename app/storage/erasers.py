"""The places that hold something of a person, each as a store that forgets them: made from the data map.

They see everybody's rows (`Database.upkeep`), as entries of ledgers can only be deleted by who keeps house.
"""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from app.domain.data_map import Table
from app.domain.data_tables import PERSONAL
from app.domain.erasure import KeyRing, PersonalStore, PersonCache
from app.domain.models import Principal
from app.storage.connection import Connection
from app.storage.database import Database

BATCH: Final = 1_000
"""Rows that one statement deletes."""
KEYS: Final = "subject_keys"
"""The table whose rows are keys."""

ChatOf = Callable[[str], Awaitable[bytes | None]]
"""Tells what `telegram_links.chat` holds for the chat that the body of an update is from; None for no chat."""

# As JSON has them, with and without escapes of what is not ASCII.
_NAMES: Final = "(strpos(body, $1) > 0 or strpos(body, $2) > 0) and (strpos(body, $3) > 0 or strpos(body, $4) > 0)"


class TableStore:
    """A person's rows of one table of the data map."""

    def __init__(self, database: Database, table: Table) -> None:
        self._database = database
        self.name = table.name
        self._count = f"select count(*) from {table.name} where issuer = $1 and subject = $2"  # noqa: S608 - the map's
        self._delete = (
            f"with gone as (delete from {table.name} where ctid = any (array("  # noqa: S608 - the map's
            f"select ctid from {table.name} where issuer = $1 and subject = $2 limit {BATCH})) returning 1) "
            "select count(*) from gone"
        )

    async def erase(self, owner: Principal) -> None:
        """Delete the rows, batch by batch."""
        async with self._database.upkeep() as connection:
            while await connection.fetchval(self._delete, owner.issuer, owner.subject) == BATCH:
                pass

    async def holds(self, owner: Principal) -> int:
        """Count the rows."""
        async with self._database.upkeep() as connection:
            return await connection.fetchval(self._count, owner.issuer, owner.subject)


class KeyStore(TableStore):
    """A person's key: without the row nothing that is sealed opens, in no copy of it."""

    def __init__(self, database: Database, table: Table, keys: KeyRing) -> None:
        super().__init__(database, table)
        self._keys = keys

    async def erase(self, owner: Principal) -> None:
        """Delete the row, and then what is remembered of it."""
        await super().erase(owner)
        await self._keys.forget(owner)


class OutboxStore:
    """Messages that are not sent yet, where they name the person."""

    name = "outbox"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def erase(self, owner: Principal) -> None:
        """Delete the messages."""
        async with self._database.upkeep() as connection:
            await connection.execute(f"delete from outbox where {_NAMES}", *_spellings(owner))  # noqa: S608 - a constant

    async def holds(self, owner: Principal) -> int:
        """Count the messages."""
        async with self._database.upkeep() as connection:
            return await connection.fetchval(f"select count(*) from outbox where {_NAMES}", *_spellings(owner))  # noqa: S608 - a constant


class UpdateStore:
    """Messages from Telegram that are not answered yet, of the chat that the person has linked."""

    name = "telegram_updates"

    def __init__(self, database: Database, chat_of: ChatOf) -> None:
        self._database = database
        self._chat_of = chat_of

    async def erase(self, owner: Principal) -> None:
        """Delete the updates; only before the link is deleted is it known which they are."""
        async with self._updates(owner) as (connection, found):
            await connection.execute("delete from telegram_updates where id = any ($1)", found)

    async def holds(self, owner: Principal) -> int:
        """Count the updates."""
        async with self._updates(owner) as (_, found):
            return len(found)

    @asynccontextmanager
    async def _updates(self, owner: Principal) -> AsyncGenerator[tuple[Connection, list[int]]]:
        link = "select chat from telegram_links where issuer = $1 and subject = $2"
        async with self._database.upkeep() as connection:
            chat = await connection.fetchval(link, owner.issuer, owner.subject)
            rows = await connection.fetch("select id, body from telegram_updates") if chat else ()
            yield connection, [row["id"] for row in rows if await self._chat_of(row["body"]) == chat]


class CacheStore:
    """What is cached of the person; it cannot be looked through, so it is told again when the others are."""

    name = "cache"

    def __init__(self, cache: PersonCache) -> None:
        self._cache = cache

    async def erase(self, owner: Principal) -> None:
        """Forget the person."""
        await self._cache.forget(owner)

    async def holds(self, owner: Principal) -> int:
        """Forget what was filled in since by a reader that had read before; then there is nothing."""
        await self._cache.forget(owner)
        return 0


def stores_of_people(
    database: Database,
    *,
    cache: PersonCache,
    keys: KeyRing,
    restores: PersonalStore,
    exports: PersonalStore,
    chat_of: ChatOf,
) -> Sequence[PersonalStore]:
    """Return every store of the data map, in the order of an erasure.

    The way in first; the key when nothing has to be opened any more; then what is outside the database, which may have
    to wait: without the key nobody reads it.
    """
    tables = [TableStore(database, table) for table in PERSONAL if table.name != KEYS]
    [key_table] = [table for table in PERSONAL if table.name == KEYS]
    return (
        UpdateStore(database, chat_of),
        *tables,
        OutboxStore(database),
        KeyStore(database, key_table, keys),
        restores,
        exports,
        CacheStore(cache),
    )


def _spellings(owner: Principal) -> Iterator[str]:
    for name in (owner.issuer, owner.subject):
        yield from (json.dumps(name), json.dumps(name, ensure_ascii=False))
