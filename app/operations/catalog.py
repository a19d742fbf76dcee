"""The table of contents of long operations: one line per kind."""

from collections.abc import Mapping
from typing import Any, Final

from app.operations.kind import Kind
from app.operations.privacy_export import PRIVACY_EXPORT
from app.operations.task_import import TASK_IMPORT

_KINDS: Final[tuple[Kind[Any], ...]] = (TASK_IMPORT, PRIVACY_EXPORT)

KINDS: Final[Mapping[str, Kind[Any]]] = {kind.name: kind for kind in _KINDS}

LONGEST_S: Final = max(kind.within_s for kind in _KINDS)
"""Bound on one run of any kind."""
