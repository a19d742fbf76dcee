"""The tables of the data map: every column of every table of the schema (`app/storage/migrations`)."""

from collections.abc import Iterable
from typing import Final

from app.domain.data_map import Category, Column, End, Kind, Table, Term
from app.domain.purposes import Purpose

_NAMED: Final = "the manifest names the person once"
_DERIVED: Final = "a hash, of what is in the export"


def _columns(category: Category, *said: tuple[str, Kind], sealed: bool = False, left_out: str = "") -> Iterable[Column]:
    for name, kind in said:
        yield Column(name=name, kind=kind, category=category, sealed=sealed, left_out=left_out)


def _content(*said: tuple[str, Kind], sealed: bool = False) -> Iterable[Column]:
    return _columns(Category.CONTENT, *said, sealed=sealed)


def _technical(*said: tuple[str, Kind]) -> Iterable[Column]:
    return _columns(Category.TECHNICAL, *said)


_OWNER: Final = tuple(_columns(Category.IDENTIFIER, ("issuer", Kind.TEXT), ("subject", Kind.TEXT), left_out=_NAMED))
_ID: Final = tuple(_columns(Category.IDENTIFIER, ("id", Kind.ID)))
_CHANGED: Final = tuple(_technical(("created_at", Kind.MOMENT), ("updated_at", Kind.MOMENT), ("version", Kind.NUMBER)))

_TASKS: Final = Table(
    name="tasks",
    purpose=Purpose.SERVICE,
    description="Your tasks.",
    columns=(
        *_OWNER,
        *_ID,
        *_content(("title", Kind.TEXT), ("notes", Kind.TEXT), ("status", Kind.TEXT), ("due", Kind.MOMENT)),
        *_CHANGED,
    ),
    owned=True,
    term=Term.ACCOUNT,
    end=End.DELETED,
    key="id",
    age="created_at",
)
_EVENTS: Final = Table(
    name="events",
    purpose=Purpose.SERVICE,
    description="The events of your calendar.",
    columns=(
        *_OWNER,
        *_ID,
        *_content(("uid", Kind.TEXT), ("title", Kind.TEXT), ("notes", Kind.TEXT), ("location", Kind.TEXT)),
        *_content(("starts_at", Kind.MOMENT), ("ends_at", Kind.MOMENT), ("all_day", Kind.FLAG)),
        *_content(("time_zone", Kind.TEXT), ("recurrence", Kind.TEXT), ("excluded", Kind.MOMENTS)),
        *_content(("last_at", Kind.MOMENT)),
        *_CHANGED,
    ),
    owned=True,
    term=Term.ACCOUNT,
    end=End.DELETED,
    key="id",
    age="created_at",
)
_PROFILES: Final = Table(
    name="profiles",
    purpose=Purpose.SERVICE,
    description="What you said about yourself.",
    columns=(
        *_OWNER,
        *_columns(Category.CONTACT, ("display_name", Kind.TEXT), ("email", Kind.TEXT), sealed=True),
        *_columns(Category.PREFERENCE, ("locale", Kind.TEXT), ("time_zone", Kind.TEXT), ("plan", Kind.TEXT)),
        *_CHANGED,
    ),
    owned=True,
    term=Term.ACCOUNT,
    end=End.DELETED,
    age="created_at",
)
_CHAT: Final = Table(
    name="chat_messages",
    purpose=Purpose.CHAT,
    description="What you and a language model said.",
    columns=(
        *_OWNER,
        *_ID,
        *_technical(("author", Kind.TEXT)),
        *_content(("content", Kind.TEXT), sealed=True),
        *_technical(("model", Kind.TEXT), ("partial", Kind.FLAG), ("created_at", Kind.MOMENT)),
    ),
    owned=True,
    term=Term.CHAT,
    end=End.DELETED,
    key="id",
    age="created_at",
)
_OPERATIONS: Final = Table(
    name="operations",
    purpose=Purpose.OPERATION,
    description="Long operations that you started, and what came of them.",
    columns=(
        *_OWNER,
        *_ID,
        *_technical(("kind", Kind.TEXT), ("status", Kind.TEXT), ("progress", Kind.NUMBER)),
        *_technical(("attempts", Kind.NUMBER)),
        *_content(("request", Kind.TEXT), sealed=True),
        *_content(("result", Kind.JSON), ("problem", Kind.TEXT), ("idempotency_key", Kind.TEXT)),
        *_columns(Category.TECHNICAL, ("request_hash", Kind.BYTES), left_out=_DERIVED),
        *_technical(("created_at", Kind.MOMENT), ("updated_at", Kind.MOMENT)),
    ),
    owned=True,
    term=Term.OPERATION,
    end=End.DELETED,
    key="id",
    age="created_at",
)
_CONSENTS: Final = Table(
    name="consents",
    purpose=Purpose.RIGHTS,
    description="Each consent that you gave or withdrew, with the text that you saw.",
    columns=(
        *_OWNER,
        *_ID,
        *_columns(Category.EVIDENCE, ("purpose", Kind.TEXT), ("text_version", Kind.TEXT), ("given", Kind.FLAG)),
        *_columns(Category.EVIDENCE, ("at", Kind.MOMENT)),
    ),
    owned=True,
    term=Term.ACCOUNT,
    end=End.DELETED,
    key="id",
    age="at",
)
_PROCESSING: Final = Table(
    name="processing_log",
    purpose=Purpose.RIGHTS,
    description="What was done with your data, and why it was allowed.",
    columns=(
        *_OWNER,
        *_ID,
        *_columns(Category.EVIDENCE, ("purpose", Kind.TEXT), ("basis", Kind.TEXT), ("action", Kind.TEXT)),
        *_columns(Category.EVIDENCE, ("at", Kind.MOMENT)),
    ),
    owned=True,
    term=Term.OPERATION,
    end=End.DELETED,
    key="id",
    age="at",
)
_KEYS: Final = Table(
    name="subject_keys",
    purpose=Purpose.SECURITY,
    description="The key that your sensitive values are sealed with.",
    columns=(
        *_OWNER,
        *_columns(Category.KEY, ("wrapped", Kind.BYTES), left_out="a key: the export holds what it opens"),
        *_technical(("wrapping_key", Kind.TEXT), ("created_at", Kind.MOMENT)),
    ),
    owned=True,
    term=Term.ACCOUNT,
    end=End.DELETED,
    age="created_at",
)
_LINKS: Final = Table(
    name="telegram_links",
    purpose=Purpose.TELEGRAM,
    description="That you use this service in Telegram.",
    columns=(
        *_OWNER,
        *_columns(Category.IDENTIFIER, ("code", Kind.BYTES), left_out="a secret that is used once"),
        *_columns(Category.IDENTIFIER, ("chat", Kind.BYTES)),
        *_technical(("created_at", Kind.MOMENT)),
    ),
    owned=True,
    term=Term.ACCOUNT,
    end=End.DELETED,
    age="created_at",
)

PERSONAL: Final = (
    _LINKS,
    _CHAT,
    _EVENTS,
    _TASKS,
    _PROFILES,
    _OPERATIONS,
    _PROCESSING,
    _CONSENTS,
    _KEYS,
)
"""The tables whose rows are of one person each, in the order of their erasure: the way in first, the key last."""
