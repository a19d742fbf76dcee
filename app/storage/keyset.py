"""Where a page by key goes on from: always a key, so that the condition is always one that an index serves.

`$n is null or id < $n` is none in a plan that is made for any parameters, as the server makes it of a prepared
statement from its sixth use on: a page from the middle of a million rows then read half a million. Neither is
`coalesce`, which row-level security does not let pass before its own conditions.
"""

from typing import Final
from uuid import UUID

_BEYOND: Final = UUID(int=2**128 - 1)
"""No row has it: the ids of rows say when they were made (RFC 9562, version 7)."""
_BEFORE: Final = UUID(int=0)
"""The same."""


def below(after: UUID | None) -> UUID:
    """Return what ids of a page, newest first, are below of: the last id of the page before, if there was one."""
    return after or _BEYOND


def above(after: UUID | None) -> UUID:
    """Return what ids of a page, oldest first, are above of: the last id of the page before, if there was one."""
    return after or _BEFORE
