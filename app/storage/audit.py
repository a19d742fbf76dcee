"""The audit trail in PostgreSQL: one chain that every process adds to, one after the other."""

import logging
from typing import Final

from app.domain.audit import AuditEvent
from app.domain.audit_chain import GENESIS, AuditEntry, Head, append
from app.domain.errors import Unavailable
from app.storage.connection import NOT_NOW, DatabaseError
from app.storage.database import Connections

# Held to the end of the transaction, so that the next writer sees this entry, or that there is none.
_LOCK: Final = "select pg_advisory_xact_lock(hashtext('app.audit'), 0)"
# A statement of its own: one that waits for the lock looks at what was there before it waited.
_HEAD: Final = "select sequence, hash from audit_events order by sequence desc limit 1"
_ADD: Final = (
    "insert into audit_events (sequence, at, actor, action, object, outcome, about, detail, previous, hash) "
    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
)

_log = logging.getLogger(__name__)


class PostgresAuditTrail:
    """The port `AuditTrail` on PostgreSQL.

    Args:
        database: The pool, for events of their own; or a transaction, so that its change and the event are kept
            together or not at all. In one, record last: its connection has nobody's sight afterwards, and every other
            record waits for its end.
    """

    def __init__(self, database: Connections) -> None:
        self._database = database

    async def record(self, event: AuditEvent) -> None:
        """Add an event to the chain.

        Raises:
            Unavailable: It could not be kept, for whatever reason.
        """
        try:
            async with self._database.connection() as connection, connection.transaction():
                await connection.execute(_LOCK)
                row = await connection.fetchrow(_HEAD)
                head = Head(sequence=row["sequence"], hash=row["hash"]) if row else GENESIS
                await connection.execute(_ADD, *_values(append(event, head)))
        except (DatabaseError, Unavailable, *NOT_NOW) as error:
            _log.exception("an event was not audited", extra={"action": event.action})
            raise Unavailable(f"{event.action} cannot be audited: {error!r}") from error


def _values(entry: AuditEntry) -> tuple[object, ...]:
    told = (entry.at, entry.actor, entry.action, entry.object, entry.outcome, entry.about, entry.detail)
    return entry.sequence, *told, entry.previous, entry.hash
