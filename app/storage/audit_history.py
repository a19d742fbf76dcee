"""The audit trail in PostgreSQL, read: pages for administrators, and the chain from any of its entries on."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Final

from app.domain.audit_chain import (
    GENESIS,
    NO_ANCHORS,
    AuditEntry,
    Flaw,
    FlawKind,
    Head,
    Verification,
    cut_off,
    verify,
)
from app.domain.audit_history import AuditPage, AuditQuery, AuditReport
from app.storage.database import Database

STEP: Final = 1_000
"""Entries that are read and checked at a time, some ten milliseconds long."""

_COLUMNS: Final = "sequence, at, actor, action, object, outcome, about, detail, previous, hash"
_CHAIN: Final = f"select {_COLUMNS} from audit_events where sequence > $1 and sequence <= $2 order by sequence limit $3"  # noqa: S608 - constants
_NEWEST: Final = "select max(sequence) from audit_events"
_HASHES: Final = "select sequence, hash from audit_events where sequence = any($1)"
_ANCHORS: Final = "select sequence, hash from audit_anchors where sequence >= $1"
_WHERE: Final[Mapping[str, str]] = {
    "actor": "actor = ${}",
    "about": "about = ${}",
    "action": "action = ${}",
    "since": "at >= ${}",
    "until": "at < ${}",
}
"""How each part of a query is asked; a statement has those that are given, so that each kind is planned by itself."""


class PostgresAuditHistory:
    """The port `AuditHistory` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, query: AuditQuery, *, limit: int, before: int | None) -> AuditPage:
        """Return a page by key."""
        asked = {name: getattr(query, name) for name in _WHERE if getattr(query, name)}
        conditions = [_WHERE[name].format(number) for number, name in enumerate(asked, start=3)]
        clauses = " and ".join(("sequence < $2", *conditions))
        statement = f"select {_COLUMNS} from audit_events where {clauses} order by sequence desc limit $1"  # noqa: S608 - constants
        async with self._database.connection() as connection:
            rows = await connection.fetch(statement, limit + 1, before or 2**63 - 1, *asked.values())
        entries = tuple(_entry(row) for row in rows[:limit])
        return AuditPage(entries=entries, before=entries[-1].sequence if len(rows) > limit else None)

    async def verify(self, *, last: int) -> AuditReport:
        """Check the last entries against each other and against the anchors noted in the database."""
        newest = await self.newest()
        number = max(newest - last, 0)
        hashes = await self.hashes((number,))
        anchors = await self._anchors(number)
        if number and (flaw := compare((number,), hashes, anchors)):
            verification = Verification(checked=0, head=GENESIS, flaw=flaw)
        else:
            start = Head(sequence=number, hash=hashes[number]) if number else GENESIS
            verification = await self.follow(start, newest, anchors)
        return AuditReport(verification=verification, anchors=len(anchors), whole=number == 0)

    async def newest(self) -> int:
        """Return the number of the last entry; zero when there is none."""
        async with self._database.connection() as connection:
            return await connection.fetchval(_NEWEST) or 0

    async def hashes(self, numbers: Sequence[int]) -> Mapping[int, bytes]:
        """Return the hash of those of the entries that are there."""
        async with self._database.connection() as connection:
            return {row["sequence"]: row["hash"] for row in await connection.fetch(_HASHES, numbers)}

    async def follow(self, start: Head, newest: int, anchors: Mapping[int, bytes] = NO_ANCHORS) -> Verification:
        """Check the chain from an entry on, up to the entry `newest`, and that it goes on as far as it was anchored."""
        checked, head = 0, start
        async for entries in self._steps(start.sequence, newest):
            step = verify(entries, start=head, anchors=anchors)
            checked, head = checked + step.checked, step.head
            if step.flaw:
                return Verification(checked=checked, head=head, flaw=step.flaw)
        return Verification(checked=checked, head=head, flaw=cut_off(head.sequence, anchors))

    async def _steps(self, after: int, newest: int) -> AsyncGenerator[Sequence[AuditEntry]]:
        while after < newest:
            async with self._database.connection() as connection:
                rows = await connection.fetch(_CHAIN, after, newest, STEP)
            if not rows:
                return
            yield [_entry(row) for row in rows]
            after = rows[-1]["sequence"]

    async def _anchors(self, number: int) -> Mapping[int, bytes]:
        async with self._database.connection() as connection:
            return {row["sequence"]: row["hash"] for row in await connection.fetch(_ANCHORS, number)}


def compare(numbers: Sequence[int], hashes: Mapping[int, bytes], anchors: Mapping[int, bytes]) -> Flaw | None:
    """Return the first of the entries that is not there, or is not what was anchored."""
    for number in sorted(numbers):
        if number not in hashes:
            return Flaw(sequence=number, kind=FlawKind.MISSING)
        if anchors.get(number, hashes[number]) != hashes[number]:
            return Flaw(sequence=number, kind=FlawKind.UNLIKE_ANCHOR)
    return None


def _entry(row: Any) -> AuditEntry:
    return AuditEntry(**row)
