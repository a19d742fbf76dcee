"""The tables of the data map whose rows are no one person's."""

from typing import Final

from app.domain.data_map import Category, Column, End, Kind, Table, Term
from app.domain.purposes import Purpose

_OF_SERVICE: Final = "not about the person who asks"


def _column(name: str, kind: Kind, category: Category = Category.TECHNICAL) -> Column:
    return Column(name=name, kind=kind, category=category, left_out=_OF_SERVICE)


_UPDATES: Final = Table(
    name="telegram_updates",
    purpose=Purpose.TELEGRAM,
    description="Messages from Telegram until they are answered.",
    columns=(
        _column("id", Kind.NUMBER),
        _column("body", Kind.TEXT, Category.CONTENT),
        _column("received_at", Kind.MOMENT),
    ),
    owned=False,
    term=Term.UPDATE,
    end=End.EXPIRES,
    age="received_at",
)
_ERASURES: Final = Table(
    name="erasures",
    purpose=Purpose.RIGHTS,
    description="That somebody has been erased; who, only until it is done.",
    columns=(
        _column("person", Kind.BYTES, Category.PSEUDONYM),
        _column("id", Kind.ID),
        _column("issuer", Kind.TEXT, Category.IDENTIFIER),
        _column("subject", Kind.TEXT, Category.IDENTIFIER),
        _column("steps_done", Kind.TEXTS),
        _column("requested_at", Kind.MOMENT),
        _column("completed_at", Kind.MOMENT),
        _column("receipt", Kind.JSON, Category.EVIDENCE),
    ),
    owned=False,
    term=Term.PROOF,
    end=End.ANONYMISED,
)
_OUTBOX: Final = Table(
    name="outbox",
    purpose=Purpose.OPERATION,
    description="Messages until the queue has them.",
    columns=(
        _column("id", Kind.ID),
        _column("kind", Kind.TEXT),
        _column("body", Kind.TEXT, Category.CONTENT),
        _column("session", Kind.TEXT, Category.PSEUDONYM),
        _column("created_at", Kind.MOMENT),
        _column("traceparent", Kind.TEXT),
    ),
    owned=False,
    term=Term.MINUTES,
    end=End.DELETED,
)
_INBOX: Final = Table(
    name="inbox",
    purpose=Purpose.OPERATION,
    description="Which messages have been worked off.",
    columns=(_column("message_id", Kind.TEXT), _column("kind", Kind.TEXT), _column("done_at", Kind.MOMENT)),
    owned=False,
    term=Term.MESSAGE,
    end=End.EXPIRES,
    age="done_at",
)
_AUDIT: Final = Table(
    name="audit_events",
    purpose=Purpose.SECURITY,
    description="Who did what, each event holding the hash of the one before; people by pseudonyms alone.",
    columns=(
        _column("sequence", Kind.NUMBER),
        _column("at", Kind.MOMENT),
        _column("actor", Kind.TEXT, Category.PSEUDONYM),
        _column("action", Kind.TEXT, Category.EVIDENCE),
        _column("object", Kind.TEXT, Category.EVIDENCE),
        _column("outcome", Kind.TEXT, Category.EVIDENCE),
        _column("about", Kind.TEXT, Category.PSEUDONYM),
        _column("detail", Kind.TEXT, Category.EVIDENCE),
        _column("previous", Kind.BYTES),
        _column("hash", Kind.BYTES),
    ),
    owned=False,
    term=Term.PROOF,
    end=End.PSEUDONYMOUS,
)
_ANCHORS: Final = Table(
    name="audit_anchors",
    purpose=Purpose.SECURITY,
    description="Where heads of the audit trail are kept outside the database.",
    columns=(
        _column("sequence", Kind.NUMBER),
        _column("hash", Kind.BYTES),
        _column("place", Kind.TEXT),
        _column("at", Kind.MOMENT),
    ),
    owned=False,
    term=Term.PROOF,
    end=End.PSEUDONYMOUS,
)

SERVICE: Final = (_UPDATES, _ERASURES, _OUTBOX, _INBOX, _AUDIT, _ANCHORS)
"""The tables of the service itself."""
