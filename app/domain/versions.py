"""Versions of things: what a caller has seen must be what is there."""

from typing import Final, Protocol

from app.domain.errors import VersionMismatch

FIRST_VERSION: Final = 1


class Versioned(Protocol):
    """What has a version."""

    @property
    def version(self) -> int:
        """Grows with every change."""
        ...


def require_version(thing: Versioned, expected: frozenset[int] | None) -> None:
    """Raise `VersionMismatch` unless the thing has one of the expected versions; None expects any."""
    if expected is not None and thing.version not in expected:
        raise VersionMismatch(f"it has version {thing.version}")
