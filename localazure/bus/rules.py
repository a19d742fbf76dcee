"""What is declared of a queue, and what is counted in it."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

DEAD_LETTERS: Final = "/$deadletterqueue"
"""What the name of a queue's dead-letter queue ends with."""


@dataclass(frozen=True, kw_only=True)
class QueueRules:
    """The properties of a queue that its messages notice; times in seconds."""

    lock_seconds: float = 60
    max_delivery_count: int = 10
    ttl_seconds: float | None = None
    dead_letter_on_expiry: bool = False
    duplicate_window_seconds: float | None = None
    """None without duplicate detection."""
    max_bytes: int = 1024 * 1024 * 1024
    max_message_bytes: int = 256 * 1024


class State(IntEnum):
    """Where a message is, in the numbers of `x-opt-message-state`."""

    ACTIVE = 0
    DEFERRED = 1
    SCHEDULED = 2


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Messages of a queue by state; active ones include those that a receiver has locked."""

    active: int
    dead_letters: int
    scheduled: int
    deferred: int
    size_bytes: int
