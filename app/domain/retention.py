"""What is past its term: how much of it there is, and the port that ends it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.domain.data_map import Table, Terms
from app.domain.data_places import TABLES


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """Rows of one table that are past their term of so many days."""

    table: str
    purpose: str
    categories: tuple[str, ...]
    term: str
    days: int
    rows: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RetentionReport:
    """What was past its term at a time, and the terms that were in force."""

    as_of: datetime
    terms: Terms
    due: tuple[Due, ...]


class RetentionReports(Protocol):
    """Where the upkeep leaves its reports for those who ask."""

    async def latest(self) -> RetentionReport:
        """Return the last one; raises `NotFound` before the first, and `Unavailable`."""
        ...


def limited(terms: Terms) -> Iterator[tuple[Table, int]]:
    """Yield each table whose rows end by their age, with the days that they have."""
    for table in TABLES:
        days = terms.days(table.term)
        if days is not None and table.age:
            yield table, days


def categories_of(table: Table) -> tuple[str, ...]:
    """Return the categories of what a table holds, in order."""
    return tuple(sorted({column.category.value for column in table.columns}))
