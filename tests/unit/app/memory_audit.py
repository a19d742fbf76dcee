"""The audit trail in a list."""

from app.domain.audit import AuditEvent
from app.domain.audit_chain import GENESIS, AuditEntry, Head, append, verify
from app.domain.audit_history import AuditPage, AuditQuery, AuditReport
from app.domain.errors import Unavailable


class MemoryAudit:
    """The ports `AuditTrail` and `AuditHistory`; a test may take the store away."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []
        self.entries: list[AuditEntry] = []
        self.is_down = False
        self.error: Exception | None = None

    async def record(self, event: AuditEvent) -> None:
        if self.error:
            raise self.error
        if self.is_down:
            raise Unavailable("the audit store is down")
        last = self.entries[-1] if self.entries else None
        head = Head(sequence=last.sequence, hash=last.hash) if last else GENESIS
        self.events.append(event)
        self.entries.append(append(event, head))

    async def page(self, query: AuditQuery, *, limit: int, before: int | None) -> AuditPage:
        found = [
            entry
            for entry in reversed(self.entries)
            if (before is None or entry.sequence < before)
            and query.actor in ("", entry.actor)
            and query.about in ("", entry.about)
            and query.action in ("", entry.action)
            and (query.since is None or entry.at >= query.since)
            and (query.until is None or entry.at < query.until)
        ]
        entries = tuple(found[:limit])
        return AuditPage(entries=entries, before=entries[-1].sequence if len(found) > limit else None)

    async def verify(self, *, last: int) -> AuditReport:
        entries = self.entries[-last:]
        start = Head(sequence=entries[0].sequence - 1, hash=entries[0].previous)
        return AuditReport(verification=verify(entries, start=start), anchors=0, whole=start.sequence == 0)
