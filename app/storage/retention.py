"""The end of what is past its term, in PostgreSQL: table by table as the data map says, batch by batch.

Each batch is a transaction of its own, so that a run that is cut off has lost nothing and the next one goes on. What a
batch deletes is past its term at the time of the run, by the table's own clock of when it was made.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from app.domain.data_map import Table, Terms
from app.domain.retention import Due, RetentionReport, categories_of, limited
from app.storage.database import Database

BATCH: Final = 1_000
"""Rows that one statement deletes."""


class Retention:
    """Ends what is past its term.

    Args:
        database: Of the role that keeps house.
        terms: How long things are kept.
        held: People (`app.domain.erasure.person_of`) whose things a legal hold keeps: none of theirs is deleted here.
        batch: Rows that one statement deletes.
    """

    def __init__(
        self, database: Database, terms: Terms, *, held: frozenset[bytes] = frozenset(), batch: int = BATCH
    ) -> None:
        self._database = database
        self._terms = terms
        self._held = list(held)
        self._batch = batch

    async def report(self, *, now: datetime) -> RetentionReport:
        """Count what is past its term and held by nothing, and delete none of it: the dry run."""
        due: list[Due] = []
        for table, days in limited(self._terms):
            async with self._database.upkeep() as connection:
                statement = f"select count(*) from {table.name} where {_past(table)}"  # noqa: S608 - names of the map
                rows = await connection.fetchval(statement, now - timedelta(days=days), self._held)
            due.append(
                Due(
                    table=table.name,
                    purpose=table.purpose,
                    categories=categories_of(table),
                    term=table.term,
                    days=days,
                    rows=rows,
                )
            )
        return RetentionReport(as_of=now, terms=self._terms, due=tuple(due))

    async def end(self, *, now: datetime) -> Mapping[str, int]:
        """Delete what is past its term; returns how many rows of each table."""
        return {table.name: await self._end(table, now - timedelta(days=days)) for table, days in limited(self._terms)}

    async def _end(self, table: Table, before: datetime) -> int:
        total = 0
        statement = (
            f"with gone as (delete from {table.name} where ctid = any (array("  # noqa: S608 - names of the map
            f"select ctid from {table.name} where {_past(table)} limit $3)) and {_past(table)} returning 1) "
            "select count(*) from gone"
        )
        while True:
            async with self._database.upkeep() as connection:
                gone = await connection.fetchval(statement, before, self._held, self._batch)
            total += gone
            if gone < self._batch:
                return total


def _past(table: Table) -> str:
    held = "person_of(issuer, subject) <> all ($2::bytea[])" if table.owned else "$2::bytea[] is not null"
    return f"{table.age} <= $1 and {held}"
