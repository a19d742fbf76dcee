"""Time zones by the names of the IANA database."""

from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from app.domain.errors import Invalid

UTC_NAME: Final = "UTC"
NAME_MAX: Final = 64
"""Characters."""

# Files that some systems keep beside the zones: what the machine has, and what it has not been told yet.
_OF_MACHINES: Final = {"localtime", "Factory"}


@cache
def zone_names() -> frozenset[str]:
    """Return the name of every zone; looked up once, because it reads the whole database."""
    return frozenset(available_timezones() - _OF_MACHINES)


def zone(name: str) -> ZoneInfo:
    """Return the zone of a name.

    Raises:
        Invalid: There is none.
    """
    if name not in zone_names():  # also keeps paths and control characters away from the file system
        raise Invalid("/time_zone", "expected a name of the IANA time zone database, as Europe/Berlin")
    return ZoneInfo(name)
