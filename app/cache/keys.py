"""What an answer is kept under: whose it is, of what kind, and exactly what was asked.

Nothing can be kept without a person: a `Namespace` is made of one and of nothing else (the seed's key was built of a
user id that could be null, and mixed people up). Redis learns pseudonyms, never an issuer's subject.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from app.domain.models import Principal

_DIGEST_BYTES: Final = 20


class Kind(StrEnum):
    """A kind of a person's things; a write of one makes all answers about its kind old."""

    EVENTS = "events"
    PROFILE = "profile"
    TASKS = "tasks"


@lru_cache(maxsize=10_000)
def cache_name(person: Principal) -> str:
    """Name a person in the cache: the same name each time, the person not readable from it.

    Raises:
        ValueError: The person has no issuer or no subject, so it would be anybody.
    """
    if not person.issuer or not person.subject:
        raise ValueError("an answer is kept for a person: one with an issuer and a subject")
    issuer = person.issuer.encode()
    # The length in front keeps apart what would read the same when joined.
    text = b"%d:%b%b" % (len(issuer), issuer, person.subject.encode())
    return hashlib.blake2b(text, digest_size=_DIGEST_BYTES, person=b"cache").hexdigest()


@dataclass(frozen=True, slots=True, init=False)
class Namespace:
    """All answers about one kind of one person's things: what a write makes old at once."""

    key: str
    """Its key in Redis, the only form of it there is; the braces keep a person's keys on one shard."""

    def __init__(self, person: Principal, kind: Kind) -> None:
        object.__setattr__(self, "key", f"answers:{{{cache_name(person)}}}:{kind}")


def question(path: str, query: bytes) -> str:
    """Name exactly what was asked within a namespace: the whole path and the whole query, nothing rounded."""
    text = path.encode(errors="surrogateescape")
    return hashlib.blake2b(b"%d:%b%b" % (len(text), text, query), digest_size=_DIGEST_BYTES).hexdigest()
