"""What is said about consents, what was done with data, exports and erasures."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self
from uuid import UUID

import msgspec

from app.domain.consents import TEXT_VERSION_MAX, Consent
from app.domain.erasure import Erasure
from app.domain.processing import Processing, ProcessingPage
from app.domain.purposes import CONSENTED, REGISTER, Purpose
from app.wire.documents import Moment, cursor_of


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A consent that a person gives or withdraws, having seen this version of its text."""

    purpose: Purpose
    text_version: Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_VERSION_MAX)]
    given: bool


class ConsentDocument(msgspec.Struct, frozen=True):
    """What holds for one purpose that needs a consent; without a decision none was given."""

    purpose: Purpose
    description: str
    given: bool
    text_version: str | None
    at: Moment | None

    @classmethod
    def of(cls, purpose: Purpose, consent: Consent | None) -> Self:
        """Render what holds."""
        return cls(
            purpose=purpose,
            description=REGISTER[purpose].description,
            given=consent is not None and consent.given,
            text_version=consent and consent.text_version,
            at=consent and consent.at,
        )


class ConsentsDocument(msgspec.Struct, frozen=True):
    """What holds, for every purpose that needs a consent."""

    items: list[ConsentDocument]

    @classmethod
    def of(cls, current: Iterable[Consent]) -> Self:
        """Render the last entries of the ledger."""
        last = {consent.purpose: consent for consent in current}
        return cls(items=[ConsentDocument.of(purpose, last.get(purpose)) for purpose in sorted(CONSENTED)])


class ProcessingDocument(msgspec.Struct, frozen=True):
    """One thing that was done with a person's data, and why it was allowed."""

    id: UUID
    purpose: str
    basis: str
    action: str
    at: Moment

    @classmethod
    def of(cls, entry: Processing) -> Self:
        """Render an entry."""
        return cls(id=entry.id, purpose=entry.purpose, basis=entry.basis, action=entry.action, at=entry.at)


class ProcessingPageDocument(msgspec.Struct, frozen=True):
    """A page of what was done, newest first; `cursor` asks for the next page and is null on the last one."""

    items: list[ProcessingDocument]
    cursor: str | None

    @classmethod
    def of(cls, page: ProcessingPage) -> Self:
        """Render a page."""
        return cls(items=[ProcessingDocument.of(entry) for entry in page.entries], cursor=cursor_of(page.after))


class StartedExport(msgspec.Struct, frozen=True):
    """The operation that makes an export; its result, once it is done, names the export."""

    operation: UUID


class Confirmation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That the caller means it: `confirm` as the erasure document tells it."""

    confirm: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class ErasureDocument(msgspec.Struct, frozen=True):
    """How far the erasure of the caller is.

    `confirm` is what a request for it must repeat. Since `requested_at` nothing is kept for the person any more;
    the receipt tells what was erased and looked through.
    """

    status: Literal["none", "running", "done"]
    confirm: str
    id: UUID | None = None
    requested_at: Moment | None = None
    completed_at: Moment | None = None
    steps_done: list[str] = []
    receipt: dict[str, Any] | None = None

    @classmethod
    def of(cls, erasure: Erasure | None, confirm: str) -> Self:
        """Render an erasure, or that there is none."""
        if erasure is None:
            return cls(status="none", confirm=confirm)
        return cls(
            status="done" if erasure.completed_at else "running",
            confirm=confirm,
            id=erasure.id,
            requested_at=erasure.requested_at,
            completed_at=erasure.completed_at,
            steps_done=list(erasure.steps_done),
            receipt=dict(erasure.receipt) if erasure.receipt else None,
        )


class ErasureOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a message `privacy.erase`: which erasure a worker goes on with."""

    erasure: UUID
