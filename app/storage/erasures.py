"""Erasures in PostgreSQL: the tombstone that the fence looks at, and how far each one is.

The table is nobody's: it must be seen by every write of everybody. Once an erasure is complete, its row names the
person by a hash alone.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from app.domain.audit import AuditEvent, AuditTrail
from app.domain.erasure import KIND, Erasure, person_of
from app.domain.errors import NotFound
from app.domain.models import Principal
from app.domain.outbox import Message
from app.storage.database import Connections, Transaction
from app.storage.fence import TAKE_ALONE
from app.storage.outbox import PostgresOutbox

_COLUMNS: Final = "id, person, issuer, subject, steps_done, requested_at, completed_at, receipt"
_FIND: Final = f"select {_COLUMNS} from erasures where person = $1"  # noqa: S608 - constants
_GET: Final = f"select {_COLUMNS} from erasures where id = $1"  # noqa: S608 - constants
_UNFINISHED: Final = f"select {_COLUMNS} from erasures where completed_at is null order by requested_at limit $1"  # noqa: S608 - constants
_BEGIN: Final = (
    f"insert into erasures (person, id, issuer, subject, requested_at) values ($1, $2, $3, $4, $5) returning {_COLUMNS}"  # noqa: S608 - constants
)
_NOTE: Final = "update erasures set steps_done = array_append(steps_done, $2) where id = $1 and $2 <> all (steps_done)"
_COMPLETE: Final = (
    "update erasures set completed_at = $2, receipt = $3, issuer = null, subject = null "
    "where id = $1 and completed_at is null"
)
UNFINISHED_MAX: Final = 1_000
"""Erasures that are looked at in one run."""


class PostgresErasures:
    """The ports `ErasureDesk` and `ErasureLedger` on PostgreSQL.

    Args:
        database: Any role of the service may use it.
        audit: Makes the audit trail that writes on a connection, so that no erasure begins without its event.
    """

    def __init__(self, database: Connections, audit: Callable[[Connections], AuditTrail]) -> None:
        self._database = database
        self._audit = audit

    async def begin(self, owner: Principal, *, now: datetime) -> Erasure:
        """Write the tombstone, its audit event and the order to the worker in one transaction, or none of them."""
        async with self._database.connection() as connection, connection.transaction():
            await connection.execute(TAKE_ALONE, owner.issuer, owner.subject)
            person = person_of(owner)
            if found := await connection.fetchrow(_FIND, person):
                return _erasure(found)
            row = await connection.fetchrow(_BEGIN, person, uuid4(), owner.issuer, owner.subject, now)
            erasure = _erasure(row)
            body = json.dumps({"erasure": str(erasure.id)})
            order = Message(id=uuid4(), kind=KIND, body=body, session=str(erasure.id), created_at=now)
            await PostgresOutbox(Transaction(connection)).put(order)
            event = AuditEvent(
                actor=owner, action=KIND, object=f"erasure:{erasure.id}", outcome="done", at=now, about=owner
            )
            await self._audit(Transaction(connection)).record(event)
            return erasure

    async def find(self, owner: Principal) -> Erasure | None:
        """Return the person's erasure."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_FIND, person_of(owner))
        return _erasure(row) if row else None

    async def get(self, erasure_id: UUID) -> Erasure:
        """Return one, or raise `NotFound`."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_GET, erasure_id)
        if row is None:
            raise NotFound("no such erasure")
        return _erasure(row)

    async def unfinished(self) -> Sequence[Erasure]:
        """Return those that are not complete, oldest first."""
        async with self._database.connection() as connection:
            return [_erasure(row) for row in await connection.fetch(_UNFINISHED, UNFINISHED_MAX)]

    async def note_step(self, erasure_id: UUID, step: str) -> None:
        """Note a step, once."""
        async with self._database.connection() as connection:
            await connection.execute(_NOTE, erasure_id, step)

    async def complete(self, erasure_id: UUID, receipt: Mapping[str, Any], *, now: datetime) -> None:
        """Keep the receipt under the hash alone."""
        async with self._database.connection() as connection:
            await connection.execute(_COMPLETE, erasure_id, now, json.dumps(receipt))


def _erasure(row: Any) -> Erasure:
    owner = Principal(issuer=row["issuer"], subject=row["subject"]) if row["issuer"] is not None else None
    return Erasure(
        id=row["id"],
        person=row["person"],
        owner=owner,
        steps_done=tuple(row["steps_done"]),
        requested_at=row["requested_at"],
        completed_at=row["completed_at"],
        receipt=json.loads(row["receipt"]) if row["receipt"] else None,
    )
