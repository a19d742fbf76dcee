"""What administrators may ask of the audit trail."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.domain.audit_chain import AuditEntry, Verification


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditQuery:
    """Which entries are asked for; what is None or empty does not matter.

    Args:
        actor: A pseudonym.
        about: A pseudonym.
        since: The earliest time.
        until: The time before which it was.
    """

    actor: str = ""
    about: str = ""
    action: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def facts(self) -> Mapping[str, str]:
        """Return what is asked for by name, for the trail itself."""
        times = {"since": self.since, "until": self.until}
        texts = {"actor": self.actor, "about": self.about, "action": self.action}
        return {name: text for name, text in texts.items() if text} | {
            name: time.isoformat() for name, time in times.items() if time
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditPage:
    """Entries, newest first; `before` is where the next page starts, None on the last one."""

    entries: tuple[AuditEntry, ...]
    before: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditReport:
    """What a look at the chain has found.

    Args:
        anchors: How many of the entries that were looked at are noted as anchored.
        whole: Whether it was looked at from its first entry.
    """

    verification: Verification
    anchors: int
    whole: bool


class AuditHistory(Protocol):
    """Reads the trail. Both methods may raise `Unavailable`."""

    async def page(self, query: AuditQuery, *, limit: int, before: int | None) -> AuditPage:
        """Return at most `limit` entries with a number below `before`, newest first."""
        ...

    async def verify(self, *, last: int) -> AuditReport:
        """Check the last entries, and whether the chain ends where it is noted to have ended."""
        ...
