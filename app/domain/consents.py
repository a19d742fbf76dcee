"""What a person consented to: a ledger that is only ever added to (GDPR, Article 7)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from app.domain.errors import Conflict, Invalid
from app.domain.identifiers import time_ordered_id
from app.domain.models import Principal
from app.domain.purposes import CONSENTED, Purpose

TEXT_VERSION_MAX: Final = 64
"""Characters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Consent:
    """One entry: the person gave or withdrew a consent, having seen this version of its text."""

    id: UUID
    purpose: Purpose
    text_version: str
    given: bool
    at: datetime


class ConsentLedger(Protocol):
    """Consents of every person; each method may raise `Unavailable`."""

    async def add(self, owner: Principal, consent: Consent) -> Consent:
        """Keep an entry, and return it: its time is after that of the last entry of its purpose. May raise `Erased`."""
        ...

    async def current(self, owner: Principal) -> Sequence[Consent]:
        """Return the last entry of each purpose that has one: what holds now."""
        ...


def decide(purpose: Purpose, *, text_version: str, given: bool, now: datetime) -> Consent:
    """Make an entry.

    Raises:
        Invalid: The purpose needs no consent, so that none can be given or withdrawn; or the version is no name.
    """
    if purpose not in CONSENTED:
        raise Invalid("/purpose", f"expected one of {', '.join(sorted(CONSENTED))}; the others need no consent")
    if not 1 <= len(text_version) <= TEXT_VERSION_MAX or not text_version.isprintable():
        raise Invalid("/text_version", f"expected 1 to {TEXT_VERSION_MAX} printable characters")
    return Consent(id=time_ordered_id(now), purpose=purpose, text_version=text_version, given=given, at=now)


def require_consent(current: Iterable[Consent], purpose: Purpose) -> None:
    """Return when a person consents to a purpose now.

    Args:
        current: The last entry of each purpose, as `ConsentLedger.current` returns it.
        purpose: What is to be done.

    Raises:
        Conflict: The person has not consented, or no longer does.
    """
    if not any(consent.purpose is purpose and consent.given for consent in current):
        raise Conflict(f"it needs your consent to the purpose {purpose}; give it first")
