"""Counts of people in which nobody can be recognised: k-anonymous, and joined by nothing to anything else.

A person enters under a pseudonym that is made with a key of the purpose, so that what is counted for one purpose can be
joined neither to another purpose nor to the person (EDPB, Guidelines 01/2025). What could tell people apart is
generalised before it is counted, and a group of fewer than `K` is left out.
"""

import hmac
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

K: Final = 10
"""The fewest people of a group that is told."""
_BANDS: Final = ((0, "none"), (9, "1 to 9"), (99, "10 to 99"))
_MOST: Final = "100 or more"
_REGIONS: Final = frozenset({"Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"})
_OTHER: Final = "other"


class Pseudonyms:
    """Names people for one purpose.

    Args:
        secret: At least 32 random bytes; another secret starts another domain.
        purpose: What the pseudonyms are for; the key is bound to it.
    """

    def __init__(self, secret: bytes, purpose: str) -> None:
        self._key = hmac.digest(secret, b"pseudonym\x1f" + purpose.encode(), "sha256")

    def of(self, issuer: str, subject: str) -> bytes:
        """Name a person."""
        return hmac.digest(self._key, f"{issuer}\x1f{subject}".encode(), "sha256")


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """What is known of one person for counting."""

    person: bytes
    locale: str
    plan: str
    time_zone: str
    tasks: int
    events: int


Group = tuple[tuple[str, str], ...]
"""What the people of a group have in common: names and values."""


def general(fact: Fact) -> Group:
    """Say of a person only what many have in common."""
    region = fact.time_zone.partition("/")[0]
    return (
        ("language", fact.locale.partition("-")[0].lower()),
        ("plan", fact.plan),
        ("region", region if region in _REGIONS else _OTHER),
        ("tasks", _band(fact.tasks)),
        ("events", _band(fact.events)),
    )


def counts(facts: Iterable[Fact], *, k: int = K) -> Mapping[Group, int]:
    """Count the people of each group, each person once, and leave out the groups of fewer than `k`."""
    groups: dict[Group, set[bytes]] = defaultdict(set)
    for fact in facts:
        groups[general(fact)].add(fact.person)
    return {group: len(people) for group, people in sorted(groups.items()) if len(people) >= k}


def _band(number: int) -> str:
    return next((name for most, name in _BANDS if number <= most), _MOST)
