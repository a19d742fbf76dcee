"""What is said about operations, to people and in messages."""

from typing import Annotated, Any, Self
from uuid import UUID

import msgspec

from app.domain.models import Principal
from app.domain.operations import Operation, OperationPage, OperationStatus
from app.wire.documents import Moment, cursor_of


class NewOperation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person starts: the input is what the kind takes."""

    kind: str
    input: dict[str, Any]


class OperationDocument(msgspec.Struct, frozen=True):
    """An operation: `result` is there once it is done, `problem` once it has failed."""

    id: UUID
    kind: str
    status: OperationStatus
    progress: Annotated[int, msgspec.Meta(ge=0, le=100)]
    result: dict[str, Any] | None
    problem: str | None
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, operation: Operation) -> Self:
        """Render an operation."""
        return cls(
            id=operation.id,
            kind=operation.kind,
            status=operation.status,
            progress=operation.progress,
            result=None if operation.result is None else dict(operation.result),
            problem=operation.problem,
            created_at=operation.created_at,
            updated_at=operation.updated_at,
        )


class OperationPageDocument(msgspec.Struct, frozen=True):
    """A page of operations, newest first; `cursor` asks for the next page and is null on the last one."""

    items: list[OperationDocument]
    cursor: str | None

    @classmethod
    def of(cls, page: OperationPage) -> Self:
        """Render a page."""
        return cls(items=[OperationDocument.of(one) for one in page.operations], cursor=cursor_of(page.after))


class OwnerDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The person whose things a message is about."""

    issuer: Annotated[str, msgspec.Meta(min_length=1)]
    subject: Annotated[str, msgspec.Meta(min_length=1)]

    def to_principal(self) -> Principal:
        """Return the person."""
        return Principal(issuer=self.issuer, subject=self.subject)


class OperationReference(msgspec.Struct, frozen=True):
    """What a message says of an operation; what a later release adds is passed over."""

    owner: OwnerDocument
    operation: UUID
