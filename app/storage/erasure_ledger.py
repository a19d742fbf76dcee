"""The ledger of erasures outside the database, for the day that an older backup is restored.

The backup knows people who were erased since, and not that they were. The ledger knows that, by hashes alone: whom a
hash means shows when the people of the restored tables are hashed too. It has one blob for each of them, which nobody
can change.
"""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from app.domain.data_tables import PERSONAL
from app.domain.erasure import person_of
from app.domain.errors import NotFound
from app.domain.models import Principal
from app.storage.blob_streams import StreamedContainer
from app.storage.connection import Connection
from app.storage.database import Household
from app.storage.fence import TAKE_ALONE

FOLDER: Final = "erasures/"
"""Where the ledger is; each name in it is the hash of a person."""

_NAME: Final = re.compile(re.escape(FOLDER) + r"((?:[0-9a-f]{2})+)\.json")
_ONE: Final = "select id, person, requested_at from erasures where person = $1"
_ALL: Final = "select id, person, requested_at from erasures order by requested_at, id"
_UNKNOWN: Final = (
    "select person from unnest($1::bytea[]) as told(person) where not exists "
    "(select from erasures where erasures.person = told.person)"
)
_PEOPLE: Final = " union ".join(f"select issuer, subject from {table.name}" for table in PERSONAL)  # noqa: S608 - names of the map
_FOUND: Final = (
    "select issuer, subject, person_of(issuer, subject) as person "  # noqa: S608 - names of the map
    f"from ({_PEOPLE}) as people where person_of(issuer, subject) = any ($1::bytea[])"
)
_BURY: Final = (
    "insert into erasures (person, id, issuer, subject, requested_at, completed_at, receipt) "
    "values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing"
)


class BlobErasureLedger:
    """The ledger in a container. Each method may raise `Unavailable`.

    Args:
        container: The container of blobs that nobody can change.
        database: Of the role that keeps house, or the transaction of a restore.
    """

    def __init__(self, container: StreamedContainer, database: Household) -> None:
        self._container = container
        self._database = database

    async def enter(self, owner: Principal) -> None:
        """Enter the erasure of a person that has begun; one that is there stays as it is."""
        async with self._database.upkeep() as connection:
            rows = await connection.fetch(_ONE, person_of(owner))
        for row in rows:
            await self._write(row)

    async def tells(self, owner: Principal) -> bool:
        """Return whether the person is in the ledger."""
        try:
            await self._container.find(_name(person_of(owner)))
        except NotFound:
            return False
        return True

    async def enter_missing(self) -> int:
        """Enter what the database knows and the ledger does not; returns how many erasures that were."""
        async with self._database.upkeep() as connection:
            rows = await connection.fetch(_ALL)
        told = await self._people()
        missing = [row for row in rows if row["person"] not in told]
        for row in missing:
            await self._write(row)
        return len(missing)

    async def replay(self, *, now: datetime) -> int:
        """Begin the erasures again that the ledger tells and the database does not know; returns how many.

        Those whose things were restored are unfinished from then on, and carried out like any other.
        """
        told = await self._people()
        async with self._database.upkeep() as connection:
            unknown = [row["person"] for row in await connection.fetch(_UNKNOWN, list(told))]
            if unknown:
                found = {row["person"]: row for row in await connection.fetch(_FOUND, unknown)}
                for person in unknown:
                    entry = json.loads(await self._container.read(_name(person)))
                    await _bury(connection, person, entry, found.get(person), now)
        return len(unknown)

    async def _people(self) -> set[bytes]:
        names = await self._container.names(FOLDER)
        return {bytes.fromhex(match[1]) for match in map(_NAME.fullmatch, names) if match}

    async def _write(self, row: Mapping[str, Any]) -> None:
        entry = {"format": 1, "erasure": str(row["id"]), "requested_at": row["requested_at"].isoformat()}
        with suppress(FileExistsError):
            await self._container.write(_name(row["person"]), json.dumps(entry).encode(), replaces=False)


class RestoreStore:
    """What a restore would bring back of a person: nothing, once the ledger makes it erase the person again.

    The port `PersonalStore` on the copies in backups, which nobody can change.
    """

    name = "restores"

    def __init__(self, ledger: BlobErasureLedger) -> None:
        self._ledger = ledger

    async def erase(self, owner: Principal) -> None:
        """Enter the erasure in the ledger."""
        await self._ledger.enter(owner)

    async def holds(self, owner: Principal) -> int:
        """Return 0 when the ledger tells the person."""
        return int(not await self._ledger.tells(owner))


def _name(person: bytes) -> str:
    return f"{FOLDER}{person.hex()}.json"


async def _bury(connection: Connection, person: bytes, entry: Mapping[str, str], found: Any, now: datetime) -> None:
    """Put up the tombstone again: of somebody whose things are here, or of nobody that is known."""
    who = (found["issuer"], found["subject"]) if found else (None, None)
    end = (None, None) if found else (now, json.dumps({"erasure": entry["erasure"], "replayed_at": now.isoformat()}))
    requested_at = datetime.fromisoformat(entry["requested_at"])
    async with connection.transaction():
        if found:
            await connection.execute(TAKE_ALONE, *who)
        await connection.execute(_BURY, person, UUID(entry["erasure"]), *who, requested_at, *end)
