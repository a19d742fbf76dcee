"""Ids of things."""

import secrets
from datetime import datetime
from uuid import UUID


def time_ordered_id(now: datetime) -> UUID:
    """Make a UUID version 7 (RFC 9562 section 5.7): 48 bits of milliseconds, then randomness.

    Python gains `uuid.uuid7` in 3.14.
    """
    milliseconds = int(now.timestamp() * 1000)
    random = secrets.randbits(74)
    return UUID(int=milliseconds << 80 | 7 << 76 | (random >> 62) << 64 | 2 << 62 | random & (1 << 62) - 1)
