"""What the consumer and the relay need of a queue, as protocols."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from app.domain.outbox import Message


class Delivery(Protocol):
    """A message that is ours for a while. Settling it may raise `Unavailable`; then it is delivered again."""

    @property
    def message_id(self) -> str:
        """By which it is known when it comes again, also after a person has sent it again. May be empty."""
        ...

    @property
    def subject(self) -> str:
        """The kind of the message; may be empty."""
        ...

    @property
    def body(self) -> bytes:
        """What was sent."""
        ...

    @property
    def traceparent(self) -> str:
        """The trace that it goes on with; may be empty, or nothing that names one."""
        ...

    @property
    def attempts(self) -> int:
        """How often it was delivered before."""
        ...

    def hold(self, seconds: float) -> None:
        """Keep it ours for so long, beyond its lock, or until it is settled; a lock that is lost stays lost."""
        ...

    async def complete(self) -> None:
        """Take it off the queue."""
        ...

    async def abandon(self) -> None:
        """Give it back, to be delivered again."""
        ...

    async def dead_letter(self, reason: str, description: str) -> None:
        """Put it where a person looks at it."""
        ...


class Receiver(Protocol):
    """An open link to a queue."""

    async def next(self) -> Delivery | None:
        """Wait for a message, for a few seconds; may raise `Unavailable`."""
        ...


class Queue(Protocol):
    """A queue that messages are taken from."""

    def open(self) -> AbstractAsyncContextManager[Receiver]:
        """Open a link; may raise `Unavailable`."""
        ...


class Sender(Protocol):
    """An open link to a queue, the other way."""

    async def send(self, messages: Sequence[Message]) -> None:
        """Send messages, all or none, in this order; may raise `Unavailable`."""
        ...


class SendQueue(Protocol):
    """A queue that messages are sent to."""

    def open(self) -> AbstractAsyncContextManager[Sender]:
        """Open a link; may raise `Unavailable`."""
        ...
