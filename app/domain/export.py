"""The export of everything that is kept about a person (GDPR, Articles 15 and 20), made from the data map.

The archive has a file of JSON lines and a JSON schema per table, and a manifest that says what each column is, why it
is kept and for how long. It is made as a stream; however much a person has, only a batch of it is in memory.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID, uuid4

from app.domain.archive import Archive
from app.domain.data_map import Column, Table
from app.domain.data_places import PLACES
from app.domain.data_tables import PERSONAL
from app.domain.export_values import plain, schema_of
from app.domain.models import Principal
from app.domain.processing import EXPORT_MADE, ProcessingLog
from app.domain.purposes import REGISTER, Purpose
from app.domain.sealing import Sealer

KIND: Final = "privacy.export"
"""The kind of the operation that makes an export; it takes no input."""
LIFETIME: Final = timedelta(hours=24)
"""How long an export waits to be fetched."""
FORMAT: Final = 1
"""The version of what an archive looks like."""

Progress = Callable[[int], Awaitable[None]]
"""Told how many percent are done."""


class PersonalRows(Protocol):
    """Reads the tables of the data map."""

    def rows(self, owner: Principal, table: Table) -> AsyncIterator[Mapping[str, Any]]:
        """Give a person's rows, batch by batch; may raise `Unavailable`."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """An export on its way to its person: so many bytes, piece by piece."""

    size: int
    pieces: AsyncGenerator[bytes]


class ExportShelf(Protocol):
    """Where exports wait. Each method sees those of `owner` only, and may raise `Unavailable`."""

    async def keep(self, owner: Principal, export_id: UUID, archive: AsyncIterator[bytes], *, now: datetime) -> int:
        """Keep an export and return its size; it is there at once or, with `Erased` or another error, not at all."""
        ...

    async def fetch(self, owner: Principal, export_id: UUID, *, now: datetime) -> Fetched:
        """Open an export; raises `NotFound` when there is none, or it is older than `LIFETIME`."""
        ...

    async def remove(self, owner: Principal, export_id: UUID) -> None:
        """Delete an export, if it is there."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportReceipt:
    """An export that waits: which, how large, until when, with how many rows by table."""

    export_id: UUID
    size: int
    expires_at: datetime
    rows: Mapping[str, int]


async def export_person(
    owner: Principal,
    *,
    rows: PersonalRows,
    sealer: Sealer,
    shelf: ExportShelf,
    log: ProcessingLog,
    progress: Progress,
    now: datetime,
) -> ExportReceipt:
    """Make an export and keep it for its person.

    Raises:
        Erased: The person has been erased meanwhile; nothing is kept.
        Unavailable: Something does not answer; nothing is kept.
    """
    export, export_id = _Export(owner=owner, rows=rows, sealer=sealer, progress=progress, now=now), uuid4()
    size = await shelf.keep(owner, export_id, export.archive(), now=now)
    await log.note(owner, Purpose.RIGHTS, EXPORT_MADE, now)
    await progress(100)
    return ExportReceipt(export_id=export_id, size=size, expires_at=now + LIFETIME, rows=export.count)


@dataclass(kw_only=True)
class _Export:
    """One export while it is made."""

    owner: Principal
    rows: PersonalRows
    sealer: Sealer
    progress: Progress
    now: datetime
    count: dict[str, int] = field(default_factory=dict[str, int])
    unreadable: list[str] = field(default_factory=list[str])

    async def archive(self) -> AsyncGenerator[bytes]:
        """Give the archive, piece by piece."""
        with Archive(made_at=self.now) as archive:
            for done, table in enumerate(PERSONAL):
                archive.begin(f"schemas/{table.name}.json")
                yield archive.add(json.dumps(schema_of(table)))
                archive.begin(f"{table.name}.ndjson")
                self.count[table.name] = 0
                async for row in self.rows.rows(self.owner, table):
                    self.count[table.name] += 1
                    members = {column.name: await self._value(table, column, row) for column in table.exported}
                    yield archive.add(json.dumps(members, ensure_ascii=False) + "\n")
                await self.progress(100 * (done + 1) // (len(PERSONAL) + 1))
            archive.begin("manifest.json")
            yield archive.add(json.dumps(self._manifest(), ensure_ascii=False))
            yield archive.finish()

    async def _value(self, table: Table, column: Column, row: Mapping[str, Any]) -> Any:
        value = row[column.name]
        if not column.sealed or value is None:
            return plain(value, column.kind)
        place = table.place_of(column.name, self.owner, row)
        try:
            return await self.sealer.unseal(self.owner, place, value)
        except ValueError:  # a value that nobody can open must not keep the person from all the others
            self.unreadable.append(place)
            return None

    def _manifest(self) -> Mapping[str, Any]:
        return {
            "format": FORMAT,
            "made_at": self.now.isoformat(),
            "person": {"issuer": self.owner.issuer, "subject": self.owner.subject},
            "purposes": {
                purpose: {"description": said.description, "basis": said.basis, "recipients": said.recipients}
                for purpose, said in REGISTER.items()
            },
            "tables": [self._of_table(table) for table in PERSONAL],
            "unreadable": self.unreadable,
            "elsewhere": [
                {"place": p.name, "description": p.description, "purpose": p.purpose, "kept": p.term} for p in PLACES
            ],
        }

    def _of_table(self, table: Table) -> Mapping[str, Any]:
        return {
            "file": f"{table.name}.ndjson",
            "schema": f"schemas/{table.name}.json",
            "rows": self.count[table.name],
            "description": table.description,
            "purpose": table.purpose,
            "kept": table.term,
            "columns": {c.name: {"category": c.category, "sealed": c.sealed} for c in table.exported},
            "left_out": {c.name: c.left_out for c in table.columns if c.left_out},
        }
