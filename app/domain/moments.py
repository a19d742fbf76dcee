"""Moments that people name, in UTC."""

from datetime import UTC, datetime
from typing import Final

from app.domain.errors import Invalid

_FIRST_YEAR: Final = 2
_LAST_YEAR: Final = 9998
"""Not the outermost: a moment there has no time in some zones, and PostgreSQL's client takes the first and the last
that Python knows for its infinities, which come back without a zone."""


def in_utc(pointer: str, moment: datetime) -> datetime:
    """Return a moment in UTC.

    Args:
        pointer: Where it stands, as a JSON pointer.
        moment: With its offset from UTC.

    Raises:
        Invalid: It has no offset, or is not in the years that are kept.
    """
    if moment.tzinfo is None:
        raise Invalid(pointer, "expected a date-time with its offset from UTC")
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        utc = None
    if utc is None or not _FIRST_YEAR <= utc.year <= _LAST_YEAR:
        raise Invalid(pointer, f"expected a date-time within the years {_FIRST_YEAR} to {_LAST_YEAR} of UTC")
    return utc
