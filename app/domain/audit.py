"""What security needs to know of who did what, kept so that nobody can change it unnoticed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from app.domain.models import Principal


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditEvent:
    """One event.

    Args:
        actor: Who did it; None for the service itself.
        action: `noun.verb`, as `privacy.erase`.
        object: What it was done to, by kind and id; never a name.
        outcome: `done`, `refused` or `failed`.
        about: Whose things it concerns; None when nobody's.
        detail: Facts by name, none of which tells who a person is.
    """

    actor: Principal | None
    action: str
    object: str
    outcome: str
    at: datetime
    about: Principal | None = None
    detail: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class AuditTrail(Protocol):
    """Keeps events. A security-relevant change that cannot be audited is refused.

    One that writes on connections of its own records before the change, one in the transaction of the change as the
    last thing in it, because other records wait until that transaction has ended.
    """

    async def record(self, event: AuditEvent) -> None:
        """Keep an event, or raise `Unavailable`."""
        ...
