"""Profiles in PostgreSQL, with what tells who a person is sealed."""

from collections.abc import Callable
from typing import Any, Final

from app.domain.errors import Conflict
from app.domain.models import Principal
from app.domain.profiles import Plan, Profile, ProfileContent
from app.domain.sealing import Sealer
from app.storage.database import Connections

TRIES: Final = 3
"""How often a change is tried that others overtake."""

_OWN: Final = "issuer = $1 and subject = $2"
_COLUMNS: Final = "display_name, email, locale, time_zone, plan, created_at, updated_at, version"
_GET: Final = f"select {_COLUMNS} from profiles where {_OWN}"  # noqa: S608 - constants
_ADD: Final = (
    f"insert into profiles (issuer, subject, {_COLUMNS}) "  # noqa: S608 - constants
    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing"
)
_CHANGE: Final = (
    "update profiles set display_name = $3, email = $4, locale = $5, time_zone = $6, plan = $7, created_at = $8, "  # noqa: S608 - constants
    f"updated_at = $9, version = $10 where {_OWN} and version = $11"
)
_ONE_ROW: Final = ("INSERT 0 1", "UPDATE 1")


class PostgresProfiles:
    """The port `ProfileStore` on PostgreSQL.

    A change is written only over the version that it was made of, and tried again when another came between: sealing
    may have to ask the vault, and no lock is held meanwhile.
    """

    def __init__(self, database: Connections, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def get(self, owner: Principal) -> Profile:
        """Return a person's profile, or the one of a person who has never said anything."""
        async with self._database.connection(owner) as connection:
            row = await connection.fetchrow(_GET, owner.issuer, owner.subject)
        if row is None:
            return Profile()
        kept = ProfileContent(
            display_name=await self._unseal(owner, "display_name", row["display_name"]),
            email=await self._unseal(owner, "email", row["email"]),
            locale=row["locale"],
            time_zone=row["time_zone"],
        )
        return Profile(
            content=kept,
            plan=Plan(row["plan"]),
            created_at=row["created_at"],
            updated_at=row["updated_at"],
            version=row["version"],
        )

    async def change(self, owner: Principal, edit: Callable[[Profile], Profile]) -> Profile:
        """Replace a profile by what `edit` makes of it, with no other change in between."""
        for _ in range(TRIES):
            old = await self.get(owner)
            new = edit(old)
            if await self._write(owner, new, over=old.version):
                return new
        raise Conflict("others change it at the same time; try again")

    async def _write(self, owner: Principal, profile: Profile, *, over: int) -> bool:
        values = (
            await self._seal(owner, "display_name", profile.content.display_name),
            await self._seal(owner, "email", profile.content.email),
            *(profile.content.locale, profile.content.time_zone, profile.plan),
            *(profile.created_at, profile.updated_at, profile.version),
        )
        statement, expected = (_CHANGE, (over,)) if over else (_ADD, ())
        async with self._database.connection(owner) as connection:
            done: Any = await connection.execute(statement, owner.issuer, owner.subject, *values, *expected)
        return done in _ONE_ROW

    async def _seal(self, owner: Principal, column: str, value: str | None) -> bytes | None:
        return None if value is None else await self._sealer.seal(owner, _place(owner, column), value)

    async def _unseal(self, owner: Principal, column: str, sealed: bytes | None) -> str | None:
        return None if sealed is None else await self._sealer.unseal(owner, _place(owner, column), sealed)


def _place(owner: Principal, column: str) -> str:
    """Name what a sealed value belongs to; a profile's row is its person's."""
    return f"profiles|{column}|{owner.subject}"
