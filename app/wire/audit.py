"""What is said about the audit trail."""

import re
from typing import Final, Self

import msgspec

from app.domain.audit_chain import AuditEntry, Flaw, FlawKind
from app.domain.audit_history import AuditPage, AuditReport
from app.wire.documents import Moment, no_cursor

VERIFIED_MAX: Final = 100_000
"""Entries that one request may have checked, about a second."""
VERIFIED_DEFAULT: Final = 10_000

_CURSOR: Final = re.compile(r"[1-9][0-9]{0,17}")


class AuditEntryDocument(msgspec.Struct, frozen=True):
    """An entry as it is hashed: people by pseudonyms, empty for the service or nobody; hashes in hexadecimal."""

    sequence: int
    at: Moment
    actor: str
    action: str
    object: str
    outcome: str
    about: str
    detail: str
    previous: str
    hash: str

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        """Render an entry."""
        return cls(
            sequence=entry.sequence,
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            object=entry.object,
            outcome=entry.outcome,
            about=entry.about,
            detail=entry.detail,
            previous=entry.previous.hex(),
            hash=entry.hash.hex(),
        )


class AuditPageDocument(msgspec.Struct, frozen=True):
    """A page of entries, newest first; `cursor` asks for the next page and is null on the last one."""

    items: list[AuditEntryDocument]
    cursor: str | None

    @classmethod
    def of(cls, page: AuditPage) -> Self:
        """Render a page."""
        return cls(
            items=[AuditEntryDocument.of(entry) for entry in page.entries],
            cursor=str(page.before) if page.before else None,
        )


class FlawDocument(msgspec.Struct, frozen=True):
    """The first thing wrong with the trail, and the number of the entry where it shows."""

    sequence: int
    kind: FlawKind

    @classmethod
    def of(cls, flaw: Flaw) -> Self:
        """Render a flaw."""
        return cls(sequence=flaw.sequence, kind=flaw.kind)


class AuditReportDocument(msgspec.Struct, frozen=True):
    """What a look at the trail has found.

    `whole` says whether it began at the first entry, `anchors` how many of the entries looked at are noted as anchored,
    `head` and `hash` which entry was the last good one.
    """

    intact: bool
    whole: bool
    checked: int
    anchors: int
    head: int
    hash: str
    flaw: FlawDocument | None

    @classmethod
    def of(cls, report: AuditReport) -> Self:
        """Render a report."""
        found = report.verification
        return cls(
            intact=found.flaw is None,
            whole=report.whole,
            checked=found.checked,
            anchors=report.anchors,
            head=found.head.sequence,
            hash=found.head.hash.hex(),
            flaw=FlawDocument.of(found.flaw) if found.flaw else None,
        )


def before_cursor(cursor: str | None) -> int | None:
    """Return the number below which the page of a cursor starts; None without one, which is the first page.

    Raises:
        Invalid: It is no cursor.
    """
    if cursor and not _CURSOR.fullmatch(cursor):
        raise no_cursor()
    return int(cursor) if cursor else None
