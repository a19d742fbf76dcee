"""What tools of several things take: which page of a list, which one of them, of which version."""

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from msgspec import UNSET

from app.domain.versions import Versioned, require_version
from app.wire.documents import LIMIT_DEFAULT, LIMIT_MAX


class WhichPage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which page of a list; the cursor of a page asks for the one after it."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT
    cursor: str | None = None


class WhichOne(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which thing; with a version, only if it still has that one."""

    id: UUID
    version: int | None = None

    def check(self, thing: Versioned) -> None:
        """Raise `VersionMismatch` unless the thing has the version."""
        require_version(thing, None if self.version is None else frozenset({self.version}))


_OF_WHICH: Final = frozenset(WhichOne.__struct_fields__)


class Deleted(msgspec.Struct, frozen=True):
    """The thing that is no more."""

    id: UUID


def said(change: msgspec.Struct) -> dict[str, Any]:
    """Return the members of a change that say what to change."""
    members = {name: getattr(change, name) for name in change.__struct_fields__ if name not in _OF_WHICH}
    return {name: value for name, value in members.items() if value is not UNSET}
