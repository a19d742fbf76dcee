"""Which messages have been worked off: a queue may deliver one again."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from app.domain.operations import OperationEnd
from app.domain.ports import TaskStore


class Stores(Protocol):
    """What the work of a message can keep, all of it together or nothing."""

    @property
    def operations(self) -> OperationEnd:
        """How operations end."""
        ...

    @property
    def tasks(self) -> TaskStore:
        """Tasks of every person."""
        ...


Keep = Callable[[Stores], Awaitable[None]]
"""Keeps what came of a message."""


async def keep_nothing(_stores: Stores) -> None:
    """Keep nothing but the note that the message is worked off."""


class Inbox(Protocol):
    """The notes of messages that are worked off. Every method may raise `Unavailable`."""

    async def ping(self) -> None:
        """Return when work can be kept."""
        ...

    async def knows(self, message_id: str) -> bool:
        """Tell whether a message has been worked off."""
        ...

    def first(self, message_id: str, kind: str) -> AbstractAsyncContextManager[Stores | None]:
        """Open what a message keeps: it counts at the end of the block, together with the note that it is done.

        Gives None when the message has been worked off.
        """
        ...
