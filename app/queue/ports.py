"""What the consumer needs of a queue, as protocols."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Delivery(Protocol):
    """A message that is ours for a while. Settling it may raise `Unavailable`; then it is delivered again."""

    @property
    def message_id(self) -> str:
        """What the sender named it; the same when it is sent again. May be empty."""
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
    def attempts(self) -> int:
        """How often it was delivered before."""
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
