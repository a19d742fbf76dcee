"""The outbox in PostgreSQL. It has no owners: a message holds references, and any replica may send it."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from app.domain.outbox import BODY_MAX, Backlog, Message
from app.storage.database import Connections
from app.telemetry.tracing import current_traceparent

WINDOW: Final = 1000
"""The oldest messages of which a batch is taken, so that a long outage does not make each batch slow."""

_COLUMNS: Final = "id, kind, body, session, created_at, traceparent"
_PUT: Final = f"insert into outbox ({_COLUMNS}) values ($1, $2, $3, $4, $5, $6)"  # noqa: S608 - constants
# Who holds the first message of a session owns the session: the others of it are taken by the same replica, or wait.
# That keeps its order although several replicas send.
_HEADS: Final = (
    "select session from outbox where id in ("
    "  select distinct on (session) id from ("
    "    select id, session, created_at from outbox order by created_at, id limit $1"
    "  ) oldest order by session, created_at, id"
    ") order by created_at, id limit $2 for update skip locked"
)
_OF_SESSIONS: Final = (
    f"select {_COLUMNS} from outbox where session = any($1::text[]) "  # noqa: S608 - constants
    "order by created_at, id limit $2"
)
_FORGET: Final = "delete from outbox where id = any($1::uuid[])"
_BACKLOG: Final = (
    "select count(*) as depth, coalesce(extract(epoch from now() - min(created_at)), 0)::float as oldest from outbox"
)


class PostgresOutbox:
    """The port `Outbox` on PostgreSQL; over a transaction, `put` is a part of it."""

    def __init__(self, database: Connections) -> None:
        self._database = database

    async def put(self, message: Message) -> None:
        """Keep a message."""
        if len(message.body) > BODY_MAX:
            raise ValueError(f"a message of {len(message.body)} characters (allowed {BODY_MAX}): it should refer")
        traceparent = message.traceparent or current_traceparent()
        row = (message.id, message.kind, message.body, message.session, message.created_at, traceparent)
        async with self._database.connection() as connection:
            await connection.execute(_PUT, *row)

    @asynccontextmanager
    async def batch(self, limit: int) -> AsyncGenerator[Sequence[Message]]:
        """Lend messages, locked until the block ends."""
        async with self._database.connection() as connection, connection.transaction():
            sessions = [row["session"] for row in await connection.fetch(_HEADS, WINDOW, limit)]
            rows: list[Any] = await connection.fetch(_OF_SESSIONS, sessions, limit) if sessions else []
            yield [Message(**dict(row)) for row in rows]
            if rows:
                await connection.execute(_FORGET, [row["id"] for row in rows])

    async def backlog(self) -> Backlog:
        """Count what waits."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_BACKLOG)
        return Backlog(depth=row["depth"], oldest_s=max(0.0, row["oldest"]))
