"""The audit trail as a chain: each entry holds the hash of the one before, so that a change anywhere shows.

The hash of an entry is SHA-256 over the hash before it and the entry as canonical JSON: members sorted, no space,
UTF-8, times in UTC with six digits of the second. Whoever has the entries can check them with this file alone.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.domain.audit import AuditEvent
from app.domain.models import Principal
from app.domain.pseudonym import pseudonym

_canonical: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditEntry:
    """An event in the chain.

    Args:
        sequence: Its number; the first is 1, and none is left out.
        actor: The pseudonym of who did it; empty for the service itself.
        about: The pseudonym of whose things it concerns; empty for nobody's.
        detail: Facts by name, as canonical JSON.
        previous: The hash of the entry before.
    """

    sequence: int
    at: datetime
    actor: str
    action: str
    object: str
    outcome: str
    about: str
    detail: str
    previous: bytes
    hash: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """Where the chain ends, or is looked at from."""

    sequence: int
    hash: bytes


GENESIS: Final = Head(sequence=0, hash=bytes(32))
"""What the first entry follows."""

NO_ANCHORS: Final[Mapping[int, bytes]] = MappingProxyType({})


class FlawKind(StrEnum):
    """What is wrong with a chain."""

    EDITED = "edited"
    """The entry is not what its hash was made of."""
    MISSING = "missing"
    """The entry is not there, and a later one is."""
    REPEATED = "repeated"
    """The entry's number has been taken before."""
    UNLIKE_ANCHOR = "unlike_anchor"
    """The entry is not the one that was anchored: it and all that follow may have been made anew."""
    UNLINKED = "unlinked"
    """The entry does not follow the one before it, of which one has been replaced."""
    TRUNCATED = "truncated"
    """The entry was anchored, and the chain ends before it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Flaw:
    """The first thing wrong with a chain, and the number of the entry where it shows."""

    sequence: int
    kind: FlawKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """How far a chain is right.

    Args:
        checked: How many entries are.
        head: The last of them.
        flaw: What follows; None when nothing is wrong.
    """

    checked: int
    head: Head
    flaw: Flaw | None = None


def append(event: AuditEvent, head: Head) -> AuditEntry:
    """Make the entry of an event, after the head of the chain."""
    draft = AuditEntry(
        sequence=head.sequence + 1,
        at=event.at.astimezone(UTC),
        actor=_named(event.actor),
        action=event.action,
        object=event.object,
        outcome=event.outcome,
        about=_named(event.about),
        detail=_canonical(dict(event.detail)),
        previous=head.hash,
        hash=b"",
    )
    return replace(draft, hash=_digest(draft))


def verify(
    entries: Iterable[AuditEntry], *, start: Head = GENESIS, anchors: Mapping[int, bytes] = NO_ANCHORS
) -> Verification:
    """Follow the chain until its end or the first flaw; a long one can be followed page by page from each head.

    Args:
        entries: By their number, as they are kept.
        start: What they follow.
        anchors: The hash of entries that were noted where nobody could change it, by number.
    """
    sequence, last = start.sequence, start.hash  # a head for each of a million entries would be a second
    flaw = None
    for entry in entries:
        if kind := _flaw(entry, sequence, last, anchors):
            flaw = Flaw(sequence=sequence + 1 if kind is FlawKind.MISSING else entry.sequence, kind=kind)
            break
        sequence, last = entry.sequence, entry.hash
    return Verification(checked=sequence - start.sequence, head=Head(sequence=sequence, hash=last), flaw=flaw)


def cut_off(newest: int, anchors: Mapping[int, bytes]) -> Flaw | None:
    """Return what shows that a chain once went on after its newest entry, which it cannot tell by itself."""
    beyond = [number for number in anchors if number > newest]
    return Flaw(sequence=min(beyond), kind=FlawKind.TRUNCATED) if beyond else None


def _flaw(entry: AuditEntry, sequence: int, last: bytes, anchors: Mapping[int, bytes]) -> FlawKind | None:
    if entry.sequence != sequence + 1:
        return FlawKind.MISSING if entry.sequence > sequence else FlawKind.REPEATED
    if entry.hash != _digest(entry):
        return FlawKind.EDITED
    if entry.previous != last:
        return FlawKind.UNLINKED
    if entry.sequence in anchors and anchors[entry.sequence] != entry.hash:
        return FlawKind.UNLIKE_ANCHOR
    return None


def _digest(entry: AuditEntry) -> bytes:
    told = {
        "about": entry.about,
        "action": entry.action,
        "actor": entry.actor,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "detail": entry.detail,
        "object": entry.object,
        "outcome": entry.outcome,
        "sequence": entry.sequence,
    }
    return hashlib.sha256(entry.previous + _canonical(told).encode()).digest()


def _named(principal: Principal | None) -> str:
    return pseudonym(principal) if principal else ""
