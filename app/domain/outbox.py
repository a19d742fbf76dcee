"""Messages that are kept beside what they are about, until the queue has them.

So a message is sent if and only if what it is about was kept, whether or not the queue answers at that moment.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final, Protocol
from uuid import UUID

from app.domain.models import Principal

BODY_MAX: Final = 1024
"""Characters of a message: it refers to things and holds none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A message to a worker.

    Args:
        id: By which the queue drops a repetition, and a worker knows one.
        kind: What it is about; its subject on the queue.
        body: References, as a JSON document.
        session: Messages of one session are sent in the order in which they were kept.
        traceparent: The trace that it goes on with (W3C Trace Context); empty for one of its own.
    """

    id: UUID
    kind: str
    body: str
    session: str
    created_at: datetime
    traceparent: str = ""


def session_of(owner: Principal) -> str:
    """Return the session of what a person starts; it does not say who it is."""
    return sha256(f"{owner.issuer}\x1f{owner.subject}".encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Backlog:
    """How many messages wait to be sent, and how many seconds the first has waited."""

    depth: int
    oldest_s: float


class Outbox(Protocol):
    """Where messages wait; every method may raise `Unavailable`."""

    async def put(self, message: Message) -> None:
        """Keep a message, with the trace at hand if it names none.

        Raises:
            ValueError: It is longer than `BODY_MAX`.
        """
        ...

    def batch(self, limit: int) -> AbstractAsyncContextManager[Sequence[Message]]:
        """Lend messages that nobody else sends meanwhile; they are forgotten if the block ends without an error."""
        ...

    async def backlog(self) -> Backlog:
        """Count what waits."""
        ...
