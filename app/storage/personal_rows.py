"""Rows of people, read as the data map says."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from app.domain.data_map import Table
from app.domain.models import Principal
from app.storage.database import Connections
from app.storage.keyset import above

BATCH: Final = 500
"""Rows in memory at a time."""


class PostgresRows:
    """The port `PersonalRows` on PostgreSQL.

    Pages by key, each on a loan of its own: however long the reader takes, no connection and no snapshot waits for it.
    """

    def __init__(self, database: Connections, *, batch: int = BATCH) -> None:
        self._database = database
        self._batch = batch

    async def rows(self, owner: Principal, table: Table) -> AsyncIterator[Mapping[str, Any]]:
        """Give a person's rows of a table."""
        after: Any = None
        statement = _page_of(table)
        while True:
            key = (above(after),) if table.key else ()
            async with self._database.connection(owner) as connection:
                page = await connection.fetch(statement, owner.issuer, owner.subject, self._batch, *key)
            for row in page:
                yield row
            if not table.key or len(page) < self._batch:
                return
            after = page[-1][table.key]


def _page_of(table: Table) -> str:
    """Names come from the data map, which a test holds against the schema; values are bound."""
    names = ", ".join(column.name for column in table.exported)
    page = f"select {names} from {table.name} where issuer = $1 and subject = $2"  # noqa: S608 - see above
    key = f" and {table.key} > $4 order by {table.key}" if table.key else ""
    return f"{page}{key} limit $3"
