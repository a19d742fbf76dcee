"""Whose rows a session sees: settings that the policies of the tables look at (revision 0003).

For the session, not the transaction: a statement of its own needs no transaction then. Nothing is left of the last
sight, as everything that is asked sets it anew: in a trip before, or in the statement itself, which saves the trip.
"""

from typing import Final

from app.domain.models import Principal
from app.storage.connection import Connection

SIGHT_TIMEOUT_S: Final = 2.0
"""Bound on the first statement of a loan: it waits for no lock, so a session that is silent for so long is dead."""

_SEE: Final = (
    "select set_config('app.issuer', $1, false), set_config('app.subject', $2, false), "
    "set_config('app.scope', $3, false)"
)
SEEN: Final = (
    "seen as materialized (select set_config('app.issuer', $1, false) as issuer, "
    "set_config('app.subject', $2, false) as subject, set_config('app.scope', '', false) as scope)"
)
"""Begins a statement that sets its own sight, to the person $1 and $2, whose row it is.

Rows that it reads must come from a `lateral` query with a limit that compares them with this row, and rows that it
writes must be made of this row: both are evaluated for the row, so after it (PostgreSQL, "LATERAL Subqueries"). In any
other order nothing would be found and nothing written, as the person that is named is not the one in sight.
"""


async def see(connection: Connection, owner: Principal | None, *, scope: str = "") -> None:
    """Say whose rows the next statements may see."""
    issuer, subject = (owner.issuer, owner.subject) if owner else ("", "")
    await connection.fetchrow(_SEE, issuer, subject, scope, timeout=SIGHT_TIMEOUT_S)
