"""What was done with a person's data, for the person to see."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from app.domain.models import Principal
from app.domain.purposes import Purpose

EXPORT_MADE: Final = "export.made"
EXPORT_FETCHED: Final = "export.fetched"
MESSAGE_DISCLOSED: Final = "message.disclosed"
"""A question, and what was said before it, went to the processor that the stack names."""
REPLY_DISCLOSED: Final = "reply.disclosed"
"""What the bot answered, which tells of tasks, went to Telegram."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Processing:
    """One entry; it says what was so at its time, also of a purpose that the register has no more.

    Args:
        basis: Why it was allowed at that time, from the register of purposes.
        action: `noun.verb`, as `export.made` or `message.disclosed`.
    """

    id: UUID
    purpose: str
    basis: str
    action: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessingPage:
    """Entries, newest first; `after` is where the next page starts, None on the last one."""

    entries: tuple[Processing, ...]
    after: UUID | None


class ProcessingLog(Protocol):
    """Entries about every person; each method may raise `Unavailable`."""

    async def note(self, owner: Principal, purpose: Purpose, action: str, at: datetime) -> None:
        """Keep an entry, with the basis that the register has for the purpose. May raise `Erased`."""
        ...

    async def page(self, owner: Principal, *, limit: int, after: UUID | None) -> ProcessingPage:
        """Return at most `limit` entries older than the entry `after`, newest first."""
        ...
