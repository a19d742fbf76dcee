"""The lock between what is kept for a person and the person's erasure (revision 0008).

Who keeps something holds it together with others, to the end of their transaction; who erases takes it alone. A row
takes it by its trigger; what is kept outside the database takes it here.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from app.domain.errors import Erased
from app.domain.models import Principal
from app.storage.database import Connections

_LOCK_OF: Final = "hashtextextended($1 || E'\\x1f' || $2, 0)"
TAKE_ALONE: Final = f"select pg_advisory_xact_lock({_LOCK_OF})"
"""Waits for every writer of the person, and keeps later ones waiting to the end of the transaction."""
_TAKE_TOGETHER: Final = f"select pg_advisory_xact_lock_shared({_LOCK_OF})"
# A statement of its own, after the lock: it must see what an erasure has committed that was waited for.
_ERASED: Final = "select exists (select from erasures where person = person_of($1, $2))"


@asynccontextmanager
async def unerased(database: Connections, owner: Principal) -> AsyncGenerator[None]:
    """Let no erasure of the person begin until the end of the block, which should be one short write.

    Raises:
        Erased: One has begun.
        Unavailable: The database does not answer.
    """
    async with database.connection(owner) as connection, connection.transaction():
        await connection.execute(_TAKE_TOGETHER, owner.issuer, owner.subject)
        if await connection.fetchval(_ERASED, owner.issuer, owner.subject):
            raise Erased("the person has been erased")
        yield
