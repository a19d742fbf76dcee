"""Events in PostgreSQL. Every statement is constant text and names its owner."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - asyncpg ships no types

from app.domain.errors import Conflict, NotFound
from app.domain.events import LENGTH_MAX, REPEATED_MAX, Event, EventContent, Place, Window
from app.domain.models import Principal
from app.domain.recurrence import parse
from app.storage.database import Connections
from app.storage.keyset import above

_CONTENT: Final = (
    "title, notes, location, starts_at, ends_at, all_day, time_zone, recurrence, excluded, last_at, updated_at, version"
)
_COLUMNS: Final = f"id, uid, created_at, {_CONTENT}"
_OWN: Final = "issuer = $1 and subject = $2"
_ADD: Final = (
    f"insert into events (issuer, subject, {_COLUMNS}) "  # noqa: S608 - constants
    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
)
_GET: Final = f"select {_COLUMNS} from events where {_OWN} and id = $3"  # noqa: S608 - constants
_LOCK: Final = f"{_GET} for update"
_LOCK_NAMED: Final = f"select {_COLUMNS} from events where {_OWN} and uid = any($3) order by id for update"  # noqa: S608 - constants
# An event is at most `LENGTH_MAX` long, so that those that began earlier than that are out of the index's range.
ONCE: Final = (
    f"select {_COLUMNS} from events where {_OWN} and recurrence is null "  # noqa: S608 - constants
    "and starts_at >= $3 and starts_at < $4 and (ends_at > $5 or starts_at >= $5) order by starts_at, id limit $6"
)
ONCE_AFTER: Final = (
    f"select {_COLUMNS} from events where {_OWN} and recurrence is null "  # noqa: S608 - constants
    "and (starts_at, id) > ($3, $7) and starts_at < $4 and (ends_at > $5 or starts_at >= $5) "
    "order by starts_at, id limit $6"
)
REPEATED: Final = (
    f"select {_COLUMNS} from events where {_OWN} and recurrence is not null and starts_at < $3 "  # noqa: S608 - constants
    "and (last_at is null or last_at >= $4) order by starts_at, id limit $5"
)
_REPEATED_READ: Final = 2 * REPEATED_MAX  # writers at the same time may together go over what each of them checks
_COUNT_REPEATED: Final = f"select count(*) from events where {_OWN} and recurrence is not null"  # noqa: S608 - constants
_BATCH: Final = f"select {_COLUMNS} from events where {_OWN} and id > $3 order by id limit $4"  # noqa: S608 - constants
_CHANGE: Final = (
    "update events set title = $4, notes = $5, location = $6, starts_at = $7, ends_at = $8, all_day = $9, "  # noqa: S608 - constants
    "time_zone = $10, recurrence = $11, excluded = $12, last_at = $13, updated_at = $14, version = $15 "
    f"where {_OWN} and id = $3"
)
_REMOVE: Final = f"delete from events where {_OWN} and id = $3"  # noqa: S608 - constants


class PostgresEvents:
    """The port `EventStore` on PostgreSQL."""

    def __init__(self, database: Connections) -> None:
        self._database = database

    async def add(self, owner: Principal, event: Event) -> None:
        """Keep a new event."""
        async with self._writing(owner) as connection:
            await connection.execute(_ADD, *_owned(owner), *_row(event))

    async def get(self, owner: Principal, event_id: UUID) -> Event:
        """Return one event, or raise `NotFound`."""
        async with self._database.connection(owner) as connection:
            return _event(await connection.fetchrow(_GET, *_owned(owner), event_id))

    async def within(
        self, owner: Principal, window: Window, *, limit: int, after: Place | None
    ) -> tuple[Sequence[Event], Sequence[Event]]:
        """Return what may happen in a window, each kind by its own index."""
        since, before = window.since, window.before
        async with self._database.connection(owner) as connection:
            if after:
                behind = (after[0], before, since, limit, after[1])
                once = await connection.fetch(ONCE_AFTER, *_owned(owner), *behind)
            else:
                once = await connection.fetch(ONCE, *_owned(owner), since - LENGTH_MAX, before, since, limit)
            repeated = await connection.fetch(REPEATED, *_owned(owner), before, since, _REPEATED_READ)
        return [_event(row) for row in once], [_event(row) for row in repeated]

    async def batch(self, owner: Principal, *, limit: int, after: UUID | None) -> Sequence[Event]:
        """Return events newer than the event `after`, oldest first, by key."""
        async with self._database.connection(owner) as connection:
            return [_event(row) for row in await connection.fetch(_BATCH, *_owned(owner), above(after), limit)]

    async def change(self, owner: Principal, event_id: UUID, edit: Callable[[Event], Event]) -> Event:
        """Replace an event by what `edit` makes of it, while its row is locked."""
        async with self._writing(owner) as connection:
            event = edit(_event(await connection.fetchrow(_LOCK, *_owned(owner), event_id)))
            await connection.execute(_CHANGE, *_owned(owner), event_id, *_changing(event))
            return event

    async def remove(self, owner: Principal, event_id: UUID, check: Callable[[Event], None]) -> None:
        """Delete an event unless `check` raises, while its row is locked."""
        async with self._database.connection(owner) as connection, connection.transaction():
            check(_event(await connection.fetchrow(_LOCK, *_owned(owner), event_id)))
            await connection.execute(_REMOVE, *_owned(owner), event_id)

    async def merge(
        self, owner: Principal, uids: Sequence[str], edit: Callable[[str, Event | None], Event | None]
    ) -> None:
        """Keep what `edit` makes of each name and the event that has it, while all their rows are locked."""
        async with self._writing(owner) as connection:
            kept = [_event(row) for row in await connection.fetch(_LOCK_NAMED, *_owned(owner), uids)]
            known = {event.uid: event for event in kept}
            made = {uid: event for uid in uids if (event := edit(uid, known.get(uid)))}
            added = [(*_owned(owner), *_row(event)) for uid, event in made.items() if uid not in known]
            changed = [(*_owned(owner), event.id, *_changing(event)) for uid, event in made.items() if uid in known]
            await connection.executemany(_ADD, added)
            await connection.executemany(_CHANGE, changed)

    @asynccontextmanager
    async def _writing(self, owner: Principal) -> AsyncGenerator[Any]:
        """Open a transaction in which events are kept, and count at its end."""
        try:
            async with self._database.connection(owner) as connection, connection.transaction():
                yield connection
                if await connection.fetchval(_COUNT_REPEATED, *_owned(owner)) > REPEATED_MAX:
                    raise Conflict(f"a calendar has at most {REPEATED_MAX} events that repeat")
        except asyncpg.UniqueViolationError:
            raise Conflict("another event has its uid") from None


def _owned(owner: Principal) -> tuple[str, str]:
    return owner.issuer, owner.subject


def _row(event: Event) -> tuple[Any, ...]:
    return event.id, event.uid, event.created_at, *_changing(event)


def _changing(event: Event) -> tuple[Any, ...]:
    kept = event.content
    return (
        *(kept.title, kept.notes, kept.location, kept.starts_at, kept.ends_at, kept.all_day, kept.time_zone),
        *(kept.recurrence and kept.recurrence.text, list(kept.excluded), kept.last_at, event.updated_at, event.version),
    )


def _event(row: Any) -> Event:
    if row is None:
        raise NotFound("no such event of this person")
    kept = EventContent(
        title=row["title"],
        notes=row["notes"],
        location=row["location"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        all_day=row["all_day"],
        time_zone=row["time_zone"],
        recurrence=row["recurrence"] and parse(row["recurrence"]),
        excluded=tuple(row["excluded"]),
        last_at=row["last_at"],
    )
    return Event(
        id=row["id"],
        uid=row["uid"],
        content=kept,
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        version=row["version"],
    )
