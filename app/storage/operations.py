"""Operations in PostgreSQL, each kept in one transaction with the message that starts it; requests are sealed."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

import msgspec

from app.domain.errors import NotFound
from app.domain.models import Principal
from app.domain.operations import NewOperation, Operation, OperationPage, OperationStatus, key_taken
from app.domain.sealing import Sealer
from app.storage.database import Database, Transaction
from app.storage.keyset import below
from app.storage.outbox import PostgresOutbox

_COLUMNS: Final = "id, kind, status, progress, result, problem, created_at, updated_at"
_OWN: Final = "issuer = $1 and subject = $2"
_START: Final = (
    "insert into operations (issuer, subject, id, kind, status, progress, request, "  # noqa: S608 - constants
    "idempotency_key, request_hash, created_at, updated_at) values ($1, $2, $3, $4, 'waiting', 0, $5, $6, $7, $8, $8) "
    "on conflict (issuer, subject, idempotency_key) do nothing "
    f"returning {_COLUMNS}"
)
_BY_KEY: Final = f"select {_COLUMNS}, request_hash from operations where {_OWN} and idempotency_key = $3"  # noqa: S608 - constants
_GET: Final = f"select {_COLUMNS} from operations where {_OWN} and id = $3"  # noqa: S608 - constants
_PAGE: Final = (
    f"select {_COLUMNS} from operations where {_OWN} "  # noqa: S608 - constants
    "and id < $3 order by id desc limit $4"
)


class PostgresOperations:
    """The port `OperationStore` on PostgreSQL.

    Args:
        database: Where they are kept.
        sealer: Seals what a person asks for.
        wake: Called when a message was kept, so that it need not wait to be looked for.
    """

    def __init__(self, database: Database, sealer: Sealer, wake: Callable[[], None]) -> None:
        self._database = database
        self._sealer = sealer
        self._wake = wake

    async def start(self, owner: Principal, new: NewOperation) -> Operation:
        """Keep a new operation and its message, or find the one that its key names."""
        sealed = await self._sealer.seal(owner, request_place(new.id), new.request)
        fingerprint = new.fingerprint(owner)
        async with self._database.connection(owner) as connection:
            async with connection.transaction():
                row = await connection.fetchrow(
                    _START, owner.issuer, owner.subject, new.id, new.kind, sealed, new.key, fingerprint, new.now
                )
                if row is not None:
                    await PostgresOutbox(Transaction(connection)).put(new.message(owner))
            if row is None:
                return _same(await connection.fetchrow(_BY_KEY, owner.issuer, owner.subject, new.key), fingerprint)
        self._wake()
        return _operation(row)

    async def get(self, owner: Principal, operation_id: UUID) -> Operation:
        """Return one operation, or raise `NotFound`."""
        async with self._database.connection(owner) as connection:
            return _operation(await connection.fetchrow(_GET, owner.issuer, owner.subject, operation_id))

    async def page(self, owner: Principal, *, limit: int, after: UUID | None) -> OperationPage:
        """Return a page by key."""
        async with self._database.connection(owner) as connection:
            rows = await connection.fetch(_PAGE, owner.issuer, owner.subject, below(after), limit + 1)
        found = tuple(_operation(row) for row in rows[:limit])
        return OperationPage(operations=found, after=found[-1].id if len(rows) > limit else None)


def request_place(operation_id: UUID) -> str:
    """Return what the sealed request of an operation belongs to."""
    return f"operations|request|{operation_id}"


def _same(row: Any, fingerprint: bytes) -> Operation:
    if row is not None and row["request_hash"] != fingerprint:
        raise key_taken()
    return _operation(row)


def _operation(row: Any) -> Operation:
    if row is None:
        raise NotFound("no such operation of this person")
    result: Mapping[str, Any] | None = msgspec.json.decode(row["result"]) if row["result"] else None
    return Operation(
        id=row["id"],
        kind=row["kind"],
        status=OperationStatus(row["status"]),
        progress=row["progress"],
        result=result,
        problem=row["problem"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
