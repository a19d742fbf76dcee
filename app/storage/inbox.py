"""The messages that have been worked off, in PostgreSQL beside what the work has made."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from app.domain.errors import Unavailable
from app.domain.ports import TaskStore
from app.storage.connection import DatabaseError
from app.storage.database import Database, Transaction
from app.storage.tasks import PostgresTasks

# Waits for another transaction that has noted the message, until that one ends.
_NOTE: Final = "insert into inbox (message_id, kind) values ($1, $2) on conflict do nothing returning true"


class PostgresInbox:
    """The port `Inbox` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ping(self) -> None:
        """Return when the table answers, else raise `Unavailable`: a new worker may start before its migration."""
        try:
            async with self._database.connection() as connection:
                await connection.execute("select from inbox where false")
        except DatabaseError as error:
            raise Unavailable(f"the inbox cannot be used: {error}") from error

    @asynccontextmanager
    async def first(self, message_id: str, kind: str) -> AsyncGenerator[TaskStore | None]:
        """Open the work of a message in one transaction; gives None when the message has been worked off."""
        async with self._database.connection() as connection, connection.transaction():
            is_first = await connection.fetchval(_NOTE, message_id, kind)
            yield PostgresTasks(Transaction(connection)) if is_first else None
