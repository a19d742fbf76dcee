"""The record of processing activities (GDPR, Article 30), made from the data map."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from app.domain.data_map import Terms
from app.domain.data_places import PLACES, TABLES
from app.domain.purposes import REGISTER, Purpose
from app.domain.retention import categories_of

MEASURES: Final[Mapping[str, str]] = {
    "encryption": "TLS everywhere; sensitive columns sealed with a key per person, wrapped by a key of the vault",
    "access": "row-level security by person; managed identities without passwords; roles from tokens",
    "integrity": "an audit trail that is only added to, hash-chained, anchored outside the database",
    "erasure": "a fence against later writes, a resumable saga, a check of every store, a ledger for restores",
    "minimisation": "pseudonyms in logs and traces; terms that a nightly job ends; counts of at least ten",
    "resilience": "backups that nobody can change, restore drills, limits on requests",
}
"""What protects the data (Article 30(1)(g), Article 32)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """One place that holds data for a purpose; `days` is None where the term does not end by days."""

    place: str
    description: str
    categories: tuple[str, ...]
    term: str
    days: int | None
    erasure: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Activity:
    """One processing activity: a purpose, and all that is kept for it."""

    purpose: str
    description: str
    basis: str
    article: str
    recipients: tuple[str, ...]
    kept: tuple[Kept, ...]


def activities(terms: Terms | None) -> tuple[Activity, ...]:
    """Return the record; without terms, which the upkeep's environment says, no numbers of days."""
    return tuple(
        Activity(
            purpose=purpose,
            description=said.description,
            basis=said.basis,
            article=said.article,
            recipients=said.recipients,
            kept=tuple(_kept(purpose, terms)),
        )
        for purpose, said in REGISTER.items()
    )


def _kept(purpose: Purpose, terms: Terms | None) -> Iterator[Kept]:
    for table in (table for table in TABLES if table.purpose is purpose):
        yield Kept(
            place=f"table:{table.name}",
            description=table.description,
            categories=categories_of(table),
            term=table.term,
            days=terms and terms.days(table.term),
            erasure=table.end,
        )
    for place in (place for place in PLACES if place.purpose is purpose):
        yield Kept(
            place=place.name,
            description=place.description,
            categories=(place.category.value,),
            term=place.term,
            days=terms and terms.days(place.term),
            erasure=place.end,
        )
