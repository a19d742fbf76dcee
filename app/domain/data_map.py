"""The data map: how is said, of every place that holds data about people, what it is, why, how long and how it ends.

Export, erasure, retention and the record of processing activities (GDPR, Article 30) are made from it: what is not
declared in `data_tables` or `data_places` does not pass the tests.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.domain.models import Principal
from app.domain.purposes import Purpose


class Category(StrEnum):
    """What kind of data it is."""

    CONTENT = "content"
    """What a person wrote or planned."""
    CONTACT = "contact"
    """How a person is called and reached."""
    EVIDENCE = "evidence"
    """What was agreed and what was done."""
    IDENTIFIER = "identifier"
    """What names a person, or a thing of theirs."""
    KEY = "key"
    """What other values are sealed with."""
    PREFERENCE = "preference"
    """What a person has chosen."""
    PSEUDONYM = "pseudonym"
    """What names a person to those only who know more."""
    TECHNICAL = "technical"
    """What the service notes to do its work: times, versions, states."""


class Kind(StrEnum):
    """How a value looks in an export."""

    BYTES = "bytes"
    FLAG = "flag"
    ID = "id"
    JSON = "json"
    MOMENT = "moment"
    MOMENTS = "moments"
    NUMBER = "number"
    TEXT = "text"
    TEXTS = "texts"


class End(StrEnum):
    """What becomes of it when the person is erased."""

    DELETED = "deleted"
    """It is deleted."""
    ANONYMISED = "anonymised"
    """What names the person is taken out, and the rest says nothing about anybody."""
    EXPIRES = "expires"
    """It goes by itself within its term."""
    KEY_DESTROYED = "key_destroyed"
    """It stays where it is, and nobody can read it any more."""
    PSEUDONYMOUS = "pseudonymous"
    """It stays for its term, and what could tell whom it names is gone."""


class Term(StrEnum):
    """How long it is kept at most. How many days that is, `Terms` says."""

    ACCOUNT = "account"
    """As long as the person has an account, or until they delete it."""
    BACKUP = "backup"
    CHAT = "chat"
    EXPORT = "export"
    LOG = "log"
    MESSAGE = "message"
    MINUTES = "minutes"
    """Less than an hour."""
    OPERATION = "operation"
    PROOF = "proof"
    """As long as the platform: proof that something was done, in which nobody can be recognised."""
    UPDATE = "update"


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """The terms that end by days, in days; the others have none."""

    chat: int
    operation: int
    update: int = 2
    message: int = 30

    def days(self, term: Term) -> int | None:
        """Return how many days a term is; None for one that the upkeep does not end."""
        known = {
            Term.CHAT: self.chat,
            Term.OPERATION: self.operation,
            Term.UPDATE: self.update,
            Term.MESSAGE: self.message,
        }
        return known.get(term)


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column.

    Args:
        sealed: Whether the value is sealed for the person (`app.domain.sealing`).
        left_out: Why an export does not hold it; empty when it does.
    """

    name: str
    kind: Kind
    category: Category
    sealed: bool = False
    left_out: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """One table.

    Args:
        purpose: What its rows are kept for.
        description: What a row is, in words for the person.
        columns: All of them.
        owned: Whether each row is of one person, named by `issuer` and `subject`: then it is exported and erased.
        key: The column that tells a person's rows apart and that pages go by; empty when a person has one at most.
        age: The column that says how old a row is; empty when none tells.
    """

    name: str
    purpose: Purpose
    description: str
    columns: tuple[Column, ...]
    owned: bool
    term: Term
    end: End
    key: str = ""
    age: str = ""

    @property
    def exported(self) -> tuple[Column, ...]:
        """The columns that an export holds."""
        return tuple(column for column in self.columns if not column.left_out) if self.owned else ()

    def place_of(self, column: str, owner: Principal, row: Mapping[str, Any]) -> str:
        """Return what a sealed value belongs to, as `Sealer` wants it; a person's only row is named by its subject."""
        return f"{self.name}|{column}|{row[self.key] if self.key else owner.subject}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """One place outside the tables: a prefix of cache keys, a path of blobs, a kind of message, fields of logs.

    Args:
        name: What kind of place, and which: `cache:tasks`, `blob:people/`.
        eraser: The store that erases it when a person is (`app.storage.erasers`); empty when nothing has to.
    """

    name: str
    purpose: Purpose
    category: Category
    description: str
    term: Term
    end: End
    eraser: str = ""
