"""Work that outlives a request: a person starts it, a worker does it, and anybody who started it sees how far it is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, Protocol
from uuid import UUID

from app.domain.errors import Invalid
from app.domain.models import Principal
from app.domain.outbox import Message, session_of

KEY_MAX: Final = 255
"""Characters of an idempotency key."""


class OperationStatus(StrEnum):
    """How far an operation is. Done is for ever; what has failed runs again if its message is put back by hand."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """An operation as its person sees it. `id` grows with time.

    Args:
        progress: Percent.
        result: What came of it, once it is done.
        problem: Why it failed, without anything about the person.
    """

    id: UUID
    kind: str
    status: OperationStatus
    progress: int
    result: Mapping[str, Any] | None
    problem: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class NewOperation:
    """What a person starts.

    Args:
        kind: What it does.
        request: Its input as JSON.
        key: By which the same start is known when it comes again; None when it never is.
    """

    id: UUID
    kind: str
    request: str
    key: str | None
    now: datetime

    def fingerprint(self, owner: Principal) -> bytes:
        """Return what two starts have in common when they ask for the same."""
        parts = (owner.issuer, owner.subject, self.kind, self.request)
        return sha256("\x1f".join(parts).encode()).digest()

    def message(self, owner: Principal) -> Message:
        """Return what starts the work. It has the operation's id: one starts the other, and nothing else does."""
        reference = {"owner": {"issuer": owner.issuer, "subject": owner.subject}, "operation": str(self.id)}
        return Message(
            id=self.id, kind=self.kind, body=json.dumps(reference), session=session_of(owner), created_at=self.now
        )


def key_taken() -> Invalid:
    """Make the error of a key that comes again with another input (draft-ietf-httpapi-idempotency-key-header, 2.7)."""
    return Invalid("", "Idempotency-Key: it was used for another request; take a new one")


@dataclass(frozen=True, kw_only=True, slots=True)
class OperationPage:
    """Operations, newest first; `after` is where the next page starts, None on the last one."""

    operations: tuple[Operation, ...]
    after: UUID | None


class OperationStore(Protocol):
    """Operations of every person. Each method sees those of `owner` only, and may raise `Unavailable`."""

    async def start(self, owner: Principal, new: NewOperation) -> Operation:
        """Keep a new operation together with the message that starts its work.

        Returns what was kept before when its key says that it is the same; raises `key_taken` when the key is another
        operation's, and `Erased`.
        """
        ...

    async def get(self, owner: Principal, operation_id: UUID) -> Operation:
        """Return one operation, or raise `NotFound`."""
        ...

    async def page(self, owner: Principal, *, limit: int, after: UUID | None) -> OperationPage:
        """Return at most `limit` operations older than the operation `after`, newest first."""
        ...


class OperationWork(Protocol):
    """What a worker tells of an operation while it works, seen at once. Every method may raise `Unavailable`."""

    async def begin(self, owner: Principal, operation_id: UUID, *, attempt: int, now: datetime) -> str | None:
        """Note that an operation runs and return its request; None when it is done, or is gone.

        Args:
            owner: Whose it is.
            operation_id: The operation.
            attempt: Which one its message has come to, counted from 1: after the last nobody tries again.
            now: The time in UTC.
        """
        ...

    async def report(self, owner: Principal, operation_id: UUID, percent: int, *, now: datetime) -> None:
        """Note how far a running operation is; it never goes back."""
        ...

    async def give_up(self, owner: Principal, operation_id: UUID, problem: str, *, now: datetime) -> None:
        """Note why an operation that has not ended is not tried again by itself."""
        ...


class OperationEnd(Protocol):
    """How operations end. Both methods may raise `Unavailable`, and `Erased`."""

    async def done(self, owner: Principal, operation_id: UUID, result: Mapping[str, Any], *, now: datetime) -> None:
        """Note what came of an operation."""
        ...

    async def failed(self, owner: Principal, operation_id: UUID, problem: str, *, now: datetime) -> None:
        """Note why an operation has failed, in words that tell nothing about the person."""
        ...
