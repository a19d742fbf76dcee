"""What the stack file says of the message broker."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import Field

from app.contract import LOCK_MAX_S
from components.section import Conflict, Section

_STANDARD_KB: Final = 256
_STANDARD_MB: Final = 5120


class MessagingSettings(Section):
    """The tier of the message broker and how its queue holds messages."""

    sku: Literal["Standard", "Premium"]
    """The tier; a namespace enters or leaves Premium by migration only. Basic detects no duplicates."""
    messaging_units: Literal[0, 1, 2, 4, 8, 16]
    """Capacity of the Premium tier in messaging units; 0 in the Standard tier, which has none of its own."""
    queue_size_mb: Literal[1024, 2048, 3072, 4096, 5120, 10240, 20480, 40960, 81920]
    """Megabytes that the queue holds, dead letters included; more than 5120 in the Premium tier only."""
    max_message_kb: Literal[256, 1024, 10240, 102400]
    """Kilobytes of the largest message: 256 in the Standard tier, more in the Premium tier."""
    lock_seconds: Annotated[int, Field(ge=30, le=LOCK_MAX_S)]
    """Seconds that a receiver has a message to itself; the worker needs up to 25."""
    duplicate_window_minutes: Annotated[int, Field(ge=1, le=10080)]
    """Minutes in which a second message of the same id is dropped."""
    private: bool
    """Whether it is reached by private endpoint only; the public address is closed. Premium tier only."""
    protect: bool
    """Whether namespace and queue refuse to be deleted by the program."""

    def conflicts(self) -> Iterator[Conflict]:
        """Yield what the tier does not have (Microsoft, "Service Bus Premium messaging tier" and "quotas")."""
        premium, units, kilobytes = self.sku == "Premium", self.messaging_units, self.max_message_kb
        if premium and not units:
            yield "messaging_units", "the Premium tier needs capacity (allowed 1, 2, 4, 8, 16)"
        if not premium and units:
            yield "messaging_units", f"{units} needs the Premium tier (allowed 0)"
        if premium and kilobytes == _STANDARD_KB:
            yield "max_message_kb", f"{kilobytes} is less than the Premium tier sets (allowed 1024, 10240, 102400)"
        if not premium and kilobytes != _STANDARD_KB:
            yield "max_message_kb", f"{kilobytes} needs the Premium tier (allowed {_STANDARD_KB})"
        if not premium and self.queue_size_mb > _STANDARD_MB:
            yield "queue_size_mb", f"{self.queue_size_mb} needs the Premium tier (allowed 1024 to {_STANDARD_MB})"
        if not premium and self.private:
            yield "private", "private endpoints need the Premium tier (allowed false)"
