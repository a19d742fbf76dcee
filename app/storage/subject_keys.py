"""The wrapped key of each person, in PostgreSQL."""

from datetime import UTC, datetime
from typing import Any, Final

from app.domain.errors import Erased
from app.domain.models import Principal
from app.sealing.wrapping import Wrapped
from app.storage.database import Database

_ONE: Final = "issuer = $1 and subject = $2"
_FIND: Final = f"select wrapped, wrapping_key from subject_keys where {_ONE}"  # noqa: S608 - constants
_ADD: Final = (
    "insert into subject_keys (issuer, subject, wrapped, wrapping_key, created_at) values ($1, $2, $3, $4, $5) "
    "on conflict do nothing"
)
_REPLACE: Final = f"update subject_keys set wrapped = $4, wrapping_key = $5 where {_ONE} and wrapped = $3"  # noqa: S608 - constants
_REMOVE: Final = f"delete from subject_keys where {_ONE}"  # noqa: S608 - constants


class PostgresSubjectKeys:
    """The port `SubjectKeys` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, owner: Principal) -> Wrapped | None:
        """Return the person's key, if there is one."""
        async with self._database.connection(owner) as connection:
            return _wrapped(await connection.fetchrow(_FIND, owner.issuer, owner.subject))

    async def add(self, owner: Principal, wrapped: Wrapped) -> Wrapped:
        """Keep a key unless the person has one; of several at once the first one stays."""
        async with self._database.connection(owner) as connection:
            values = (owner.issuer, owner.subject, wrapped.content, wrapped.by, datetime.now(UTC))
            await connection.execute(_ADD, *values)
            kept = _wrapped(await connection.fetchrow(_FIND, owner.issuer, owner.subject))
        if kept is None:
            raise Erased("the key was destroyed while it was made")
        return kept

    async def replace(self, owner: Principal, old: Wrapped, new: Wrapped) -> None:
        """Keep the same data key wrapped anew, unless somebody else has done so."""
        async with self._database.connection(owner) as connection:
            await connection.execute(_REPLACE, owner.issuer, owner.subject, old.content, new.content, new.by)

    async def remove(self, owner: Principal) -> None:
        """Delete the person's key."""
        async with self._database.connection(owner) as connection:
            await connection.execute(_REMOVE, owner.issuer, owner.subject)


def _wrapped(row: Any) -> Wrapped | None:
    return row and Wrapped(content=row["wrapped"], by=row["wrapping_key"])
