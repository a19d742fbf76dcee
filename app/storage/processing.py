"""What was done with people's data, in PostgreSQL."""

from datetime import datetime
from typing import Final
from uuid import UUID

from app.domain.identifiers import time_ordered_id
from app.domain.models import Principal
from app.domain.processing import Processing, ProcessingPage
from app.domain.purposes import REGISTER, Purpose
from app.storage.database import Connections
from app.storage.keyset import below

_INSERT: Final = "insert into processing_log (issuer, subject, id, purpose, basis, action, at)"
_NOTE: Final = f"{_INSERT} values ($1, $2, $3, $4, $5, $6, $7)"
NOTE_SEEN: Final = f"{_INSERT} select seen.issuer, seen.subject, $3, $4, $5, $6, $7 from seen"  # noqa: S608 - constants
"""Keeps an entry, whose values `entry_values` gives, in a statement that begins with `app.storage.sight.SEEN`."""
_PAGE: Final = (
    "select id, purpose, basis, action, at from processing_log where issuer = $1 and subject = $2 "
    "and id < $3 order by id desc limit $4"
)


def entry_values(owner: Principal, purpose: Purpose, action: str, at: datetime) -> tuple[object, ...]:
    """Return the seven values of an entry."""
    basis = REGISTER[purpose].basis.value
    return owner.issuer, owner.subject, time_ordered_id(at), purpose.value, basis, action, at


class PostgresProcessingLog:
    """The port `ProcessingLog` on PostgreSQL."""

    def __init__(self, database: Connections) -> None:
        self._database = database

    async def note(self, owner: Principal, purpose: Purpose, action: str, at: datetime) -> None:
        """Keep an entry."""
        async with self._database.connection(owner) as connection:
            await connection.execute(_NOTE, *entry_values(owner, purpose, action, at))

    async def page(self, owner: Principal, *, limit: int, after: UUID | None) -> ProcessingPage:
        """Return a page by key."""
        async with self._database.connection(owner) as connection:
            rows = await connection.fetch(_PAGE, owner.issuer, owner.subject, below(after), limit + 1)
        entries = tuple(
            Processing(
                id=row["id"],
                purpose=row["purpose"],
                basis=row["basis"],
                action=row["action"],
                at=row["at"],
            )
            for row in rows[:limit]
        )
        return ProcessingPage(entries=entries, after=entries[-1].id if len(rows) > limit else None)
