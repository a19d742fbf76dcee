"""What is counted of people, in PostgreSQL: of those alone whose last word on it is a consent."""

import secrets
from typing import Final

from app.domain.analytics import Fact, Pseudonyms
from app.domain.purposes import Purpose
from app.storage.database import Database

PAGE: Final = 1_000
"""People that are read at a time."""
_FACTS: Final = """
    select issuer, subject, locale, plan, time_zone,
        (select count(*) from tasks where (tasks.issuer, tasks.subject) = (profiles.issuer, profiles.subject)) as tasks,
        (select count(*) from events where (events.issuer, events.subject) = (profiles.issuer, profiles.subject))
            as events
    from profiles
    where (issuer, subject) > ($1, $2) and (
        select given from consents
        where (consents.issuer, consents.subject) = (profiles.issuer, profiles.subject) and purpose = $3
        order by at desc, id desc limit 1
    )
    order by issuer, subject limit $4
"""


async def facts(database: Database) -> list[Fact]:
    """Return what is known of those who have consented, each under a pseudonym whose key nobody keeps."""
    pseudonyms = Pseudonyms(secrets.token_bytes(32), Purpose.ANALYTICS)
    known: list[Fact] = []
    after = ("", "")
    while True:
        async with database.upkeep() as connection:
            rows = await connection.fetch(_FACTS, *after, Purpose.ANALYTICS.value, PAGE)
        known += [
            Fact(
                person=pseudonyms.of(row["issuer"], row["subject"]),
                locale=row["locale"],
                plan=row["plan"],
                time_zone=row["time_zone"],
                tasks=row["tasks"],
                events=row["events"],
            )
            for row in rows
        ]
        if len(rows) < PAGE:
            return known
        after = (rows[-1]["issuer"], rows[-1]["subject"])
