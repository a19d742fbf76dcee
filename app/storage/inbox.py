"""The messages that have been worked off, in PostgreSQL beside what the work has made."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from app.domain.errors import Unavailable
from app.storage.connection import DatabaseError
from app.storage.database import Connections, Database, Transaction
from app.storage.operation_work import PostgresOperationEnd
from app.storage.tasks import PostgresTasks

# Waits for another transaction that has noted the message, until that one ends.
_NOTE: Final = "insert into inbox (message_id, kind) values ($1, $2) on conflict do nothing returning true"
_KNOWS: Final = "select exists (select from inbox where message_id = $1)"


class PostgresStores:
    """The port `Stores` on one transaction."""

    def __init__(self, transaction: Connections) -> None:
        self.operations = PostgresOperationEnd(transaction)
        self.tasks = PostgresTasks(transaction)


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

    async def knows(self, message_id: str) -> bool:
        """Tell whether a message has been worked off."""
        async with self._database.connection() as connection:
            return await connection.fetchval(_KNOWS, message_id)

    @asynccontextmanager
    async def first(self, message_id: str, kind: str) -> AsyncGenerator[PostgresStores | None]:
        """Open what a message keeps in one transaction; gives None when the message has been worked off."""
        async with self._database.connection() as connection, connection.transaction():
            is_first = await connection.fetchval(_NOTE, message_id, kind)
            yield PostgresStores(Transaction(connection)) if is_first else None
