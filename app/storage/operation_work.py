"""What a worker notes of operations in PostgreSQL: while it works at once, at the end with what came of the work."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from app.domain.models import Principal
from app.domain.sealing import Sealer
from app.storage.database import Connections, Database
from app.storage.operations import request_place

_ONE: Final = "issuer = $1 and subject = $2 and id = $3"
# One that runs already is run again: its message has come again, so who ran it is gone, or keeps nothing any more.
# So is one that has failed: its message was put back, and is none that the inbox knows.
_BEGIN: Final = (
    f"update operations set status = 'running', problem = null, attempts = $5, updated_at = $4 where {_ONE} "  # noqa: S608 - constants
    "and status <> 'done' returning request"
)
_REPORT: Final = (
    f"update operations set progress = $5, updated_at = $4 where {_ONE} and status = 'running' and progress < $5"  # noqa: S608 - constants
)
_DONE: Final = (
    f"update operations set status = 'done', progress = 100, result = $5::jsonb, problem = null, "  # noqa: S608 - constants
    f"updated_at = $4 where {_ONE}"
)
_FAILED: Final = f"update operations set status = 'failed', problem = $5, updated_at = $4 where {_ONE}"  # noqa: S608 - constants
_GIVE_UP: Final = f"{_FAILED} and status in ('waiting', 'running')"


class PostgresOperationWork:
    """The port `OperationWork` on PostgreSQL, on connections of its own: people see it while the work goes on."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def begin(self, owner: Principal, operation_id: UUID, *, attempt: int, now: datetime) -> str | None:
        """Note that an operation runs, at which attempt, and return its request."""
        async with self._database.connection(owner) as connection:
            sealed = await connection.fetchval(_BEGIN, owner.issuer, owner.subject, operation_id, now, attempt)
        return None if sealed is None else await self._sealer.unseal(owner, request_place(operation_id), sealed)

    async def report(self, owner: Principal, operation_id: UUID, percent: int, *, now: datetime) -> None:
        """Note how far a running operation is."""
        async with self._database.connection(owner) as connection:
            await connection.execute(_REPORT, owner.issuer, owner.subject, operation_id, now, percent)

    async def give_up(self, owner: Principal, operation_id: UUID, problem: str, *, now: datetime) -> None:
        """Note why an operation is not tried again by itself; what another worker has ended meanwhile stays."""
        async with self._database.connection(owner) as connection:
            await connection.execute(_GIVE_UP, owner.issuer, owner.subject, operation_id, now, problem)


class PostgresOperationEnd:
    """The port `OperationEnd` on PostgreSQL, as a part of a transaction."""

    def __init__(self, database: Connections) -> None:
        self._database = database

    async def done(self, owner: Principal, operation_id: UUID, result: Mapping[str, Any], *, now: datetime) -> None:
        """Note what came of an operation."""
        text = msgspec.json.encode(result).decode()
        async with self._database.connection(owner) as connection:
            await connection.execute(_DONE, owner.issuer, owner.subject, operation_id, now, text)

    async def failed(self, owner: Principal, operation_id: UUID, problem: str, *, now: datetime) -> None:
        """Note why an operation has failed."""
        async with self._database.connection(owner) as connection:
            await connection.execute(_FAILED, owner.issuer, owner.subject, operation_id, now, problem)
