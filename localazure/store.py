"""What exists in the embedded subscription, on disk.

One JSON file, replaced atomically at every change: after `kill -9` it holds either the state before or after an
operation. A file that cannot be read is kept aside under another name, never overwritten.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from localazure.errors import StateError
from localazure.planes.files import write_atomically

FORMAT: Final = 1


@dataclass(kw_only=True)
class Record:
    """One resource.

    Args:
        token: Pulumi token without the package, e.g. `app:ContainerApp`.
        id: ARM id in the case in which it was created.
        inputs: properties as last put, by wire name.
        outputs: what a GET answers, by wire name.
        hidden: what Azure keeps to itself: values of secrets, ports, revisions.
    """

    token: str
    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    hidden: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def name(self) -> str:
        """The last segment of the id."""
        return self.id.rsplit("/", 1)[-1]


class Store:
    """Records by ARM id, case-insensitively: those that live, and those in soft-deleted state.

    Args:
        path: the state file; made at the first change.

    Attributes:
        kept_aside: where an unreadable state file was moved to when this store was opened, or None.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._live: dict[str, Record] = {}
        self._deleted: dict[str, Record] = {}
        self.kept_aside: Path | None = None
        if path.exists():
            self._load()

    def _load(self) -> None:
        try:
            data = json.loads(self._path.read_text(encoding="utf-8"))
            if data["format"] != FORMAT:
                raise StateError(
                    f"{self._path} has format {data['format']}, this checkout reads format {FORMAT}. "
                    "Run `make down` with the checkout that wrote it, or move the file away."
                )
            self._live = {key: Record(**record) for key, record in data["live"].items()}
            self._deleted = {key: Record(**record) for key, record in data["deleted"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
            self.kept_aside = self._path.with_name(f"{self._path.name}.unreadable-{stamp}")
            self._path.rename(self.kept_aside)
            self._live, self._deleted = {}, {}

    def _commit(self, live: dict[str, Record], deleted: dict[str, Record]) -> None:
        data = {
            "format": FORMAT,
            "live": {key: vars(record) for key, record in live.items()},
            "deleted": {key: vars(record) for key, record in deleted.items()},
        }
        try:
            # Neither copied nor indented, which would take most of a deployment's time: this runs at every change.
            write_atomically(self._path, json.dumps(data).encode())
        except OSError as error:
            raise StateError(
                f"The embedded Azure cannot write its state to {self._path}: {error.strerror}. Nothing was "
                "changed. Make room or make the folder writable, then run the command again."
            ) from error
        self._live, self._deleted = live, deleted

    def records(self) -> list[Record]:
        """Every live record, in the order of creation."""
        return list(self._live.values())

    def deleted(self) -> list[Record]:
        """Every soft-deleted record."""
        return list(self._deleted.values())

    def get(self, resource_id: str) -> Record | None:
        """The live record under an id, or None."""
        return self._live.get(resource_id.lower())

    def put(self, record: Record) -> None:
        """Add or replace a live record. Raises StateError when it cannot be written; then nothing changed."""
        self._commit({**self._live, record.id.lower(): record}, self._deleted)

    def inside(self, resource_id: str) -> list[Record]:
        """The live record under an id and all records below it: the deepest first, of these the latest made first."""
        key = resource_id.lower()
        found = [k for k in reversed(self._live) if k == key or k.startswith(key + "/")]
        return [self._live[k] for k in sorted(found, key=lambda k: -k.count("/"))]

    def remove(self, resource_id: str, *, soft: bool) -> None:
        """Remove one live record; with `soft` it stays among the deleted ones."""
        key = resource_id.lower()
        live = {k: record for k, record in self._live.items() if k != key}
        deleted = {**self._deleted, key: self._live[key]} if soft and key in self._live else self._deleted
        self._commit(live, deleted)

    def forget_deleted(self, resource_id: str) -> None:
        """Purge a soft-deleted record and those below it."""
        key = resource_id.lower()
        kept = {k: r for k, r in self._deleted.items() if k != key and not k.startswith(key + "/")}
        self._commit(self._live, kept)
