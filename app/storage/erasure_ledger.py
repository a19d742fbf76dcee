"""The ledger of erasures outside the database, for the day that an older backup is restored.

The backup knows people who were erased since, and not that they were. The ledger knows that, by hashes alone: whom a
hash means shows when the people of the restored tables are hashed too. It is a list that only grows, in blobs that
nobody can change.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from app.domain.data_tables import PERSONAL
from app.domain.errors import NotFound
from app.storage.blob_streams import StreamedContainer
from app.storage.connection import Connection
from app.storage.database import Household
from app.storage.fence import TAKE_ALONE

FOLDER: Final = "erasures/"
"""Where the ledger is; the newest file, by its name, is the whole of it."""

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


class ErasureLedgerFile:
    """The ledger in a container.

    Args:
        container: The container of blobs that nobody can change.
        database: Of the role that keeps house, or the transaction of a restore.
    """

    def __init__(self, container: StreamedContainer, database: Household) -> None:
        self._container = container
        self._database = database

    async def write(self, *, now: datetime) -> int:
        """Write the ledger as it is now, unless it is written; returns how many erasures it tells.

        Raises:
            ValueError: The database does not know all that the ledger tells: it is an older one. `replay` comes first.
        """
        async with self._database.upkeep() as connection:
            rows: Sequence[Any] = await connection.fetch(_ALL)
        told = {entry["person"] for entry in await self._read()}
        known = {row["person"].hex() for row in rows}
        if missing := told - known:
            raise ValueError(f"the database does not know {len(missing)} erasures of the ledger; replay it first")
        if known != told:
            entries = [
                {"id": str(row["id"]), "person": row["person"].hex(), "requested_at": row["requested_at"].isoformat()}
                for row in rows
            ]
            await self._container.write(f"{FOLDER}{now:%Y%m%dT%H%M%SZ}.json", _document(entries), replaces=False)
        return len(known)

    async def replay(self, *, now: datetime) -> int:
        """Begin the erasures again that the ledger tells and the database does not know; returns how many.

        Those whose things were restored are unfinished from then on, and carried out like any other.
        """
        entries = {bytes.fromhex(entry["person"]): entry for entry in await self._read()}
        async with self._database.upkeep() as connection:
            unknown = [row["person"] for row in await connection.fetch(_UNKNOWN, list(entries))]
            if unknown:
                found = {row["person"]: row for row in await connection.fetch(_FOUND, unknown)}
                for person in unknown:
                    await _bury(connection, entries[person], found.get(person), now)
        return len(unknown)

    async def _read(self) -> list[dict[str, str]]:
        names = [found.name async for found in self._container.listed(FOLDER)]
        try:
            content = await self._container.read(max(names)) if names else b'{"erasures": []}'
        except NotFound:  # listed and gone: the lifecycle has taken an old one, and it was the newest
            return []
        return json.loads(content)["erasures"]


def _document(entries: Sequence[Mapping[str, str]]) -> bytes:
    return json.dumps({"format": 1, "erasures": list(entries)}).encode()


async def _bury(connection: Connection, entry: Mapping[str, str], found: Any, now: datetime) -> None:
    """Put up the tombstone again: of somebody whose things are here, or of nobody that is known."""
    who = (found["issuer"], found["subject"]) if found else (None, None)
    end = (None, None) if found else (now, json.dumps({"erasure": entry["id"], "replayed_at": now.isoformat()}))
    requested_at = datetime.fromisoformat(entry["requested_at"])
    async with connection.transaction():
        if found:
            await connection.execute(TAKE_ALONE, *who)
        await connection.execute(_BURY, bytes.fromhex(entry["person"]), UUID(entry["id"]), *who, requested_at, *end)
