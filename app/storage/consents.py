"""The ledger of consents in PostgreSQL. A trigger refuses every change of an entry (revision 0008)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from app.domain.consents import Consent
from app.domain.models import Principal
from app.domain.purposes import Purpose
from app.storage.database import Connections

# Clocks of replicas differ, and what a person decides last must be what holds.
_ADD: Final = (
    "insert into consents (issuer, subject, id, purpose, text_version, given, at) "
    "select $1, $2, $3, $4, $5, $6, greatest($7, max(at) + interval '1 microsecond') from consents "
    "where issuer = $1 and subject = $2 and purpose = $4 returning at"
)
_CURRENT: Final = (
    "select distinct on (purpose) id, purpose, text_version, given, at from consents "
    "where issuer = $1 and subject = $2 order by purpose, at desc, id desc"
)


class PostgresConsents:
    """The port `ConsentLedger` on PostgreSQL."""

    def __init__(self, database: Connections) -> None:
        self._database = database

    async def add(self, owner: Principal, consent: Consent) -> Consent:
        """Keep an entry, after the last one of its purpose."""
        async with self._database.connection(owner) as connection:
            values = (consent.id, consent.purpose.value, consent.text_version, consent.given, consent.at)
            at = await connection.fetchval(_ADD, owner.issuer, owner.subject, *values)
        return replace(consent, at=at)

    async def current(self, owner: Principal) -> Sequence[Consent]:
        """Return the last entry of each purpose; one that the register no longer has is passed over."""
        async with self._database.connection(owner) as connection:
            rows = await connection.fetch(_CURRENT, owner.issuer, owner.subject)
        return tuple(
            Consent(
                id=row["id"],
                purpose=Purpose(row["purpose"]),
                text_version=row["text_version"],
                given=row["given"],
                at=row["at"],
            )
            for row in rows
            if row["purpose"] in {purpose.value for purpose in Purpose}
        )
