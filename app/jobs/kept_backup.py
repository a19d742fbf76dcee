"""A backup as it is kept: found, fetched, and checked as a whole before anything of it is used."""

import gzip
import hashlib
import json
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from app.jobs.backup import FORMAT, MANIFEST, BackupError, Manifest, Table

SHOWN_MAX: Final = 5
"""How many backups are named to who asked for one that is not there."""

_COMPLETE: Final = re.compile(rf"([0-9]{{8}}T[0-9]{{6}}Z)/{re.escape(MANIFEST)}")
"""The manifest, which comes last, of a folder that is named by a time."""


class Shelf(Protocol):
    """Where backups are; each method may raise `Unavailable`."""

    async def names(self, prefix: str) -> Sequence[str]:
        """List the names that begin so."""
        ...

    def download(self, name: str) -> AsyncIterator[bytes]:
        """Give a file piece by piece."""
        ...


@dataclass(frozen=True, kw_only=True)
class KeptBackup:
    """A backup that is what its manifest says.

    Args:
        name: Its folder on the shelf.
        folder: Where its files are now.
    """

    name: str
    manifest: Manifest
    folder: Path

    def file(self, table: Table) -> Path:
        """Return where the file of a table is."""
        return self.folder / Path(table.file).name


async def fetch(shelf: Shelf, name: str, folder: Path) -> KeptBackup:
    """Fetch a backup, and check the hash and the rows of every file.

    Args:
        shelf: Where backups are.
        name: Which; empty for the newest that is complete.
        folder: Where its files go.

    Raises:
        BackupError: There is none, or it is not what its manifest says.
        NotFound: A file of it is gone.
        Unavailable: The storage does not answer.
    """
    name = await _choose(shelf, name)
    manifest = _manifest(name, b"".join([piece async for piece in shelf.download(f"{name}/{MANIFEST}")]))
    backup = KeptBackup(name=name, manifest=manifest, folder=folder)
    for table in manifest.tables:
        await _fetch_table(shelf, backup, table)
    return backup


async def _choose(shelf: Shelf, name: str) -> str:
    complete = sorted(match[1] for match in map(_COMPLETE.fullmatch, await shelf.names("")) if match)
    if not complete:
        raise BackupError("there is no complete backup")
    if name and name not in complete:
        newest = ", ".join(complete[: -SHOWN_MAX - 1 : -1])
        raise BackupError(f'"{name}" is no complete backup; the newest are {newest}')
    return name or complete[-1]


def _manifest(name: str, content: bytes) -> Manifest:
    try:
        said: dict[str, Any] = json.loads(content)
        if said["format"] != FORMAT:
            raise BackupError(f"{name} has the format {said['format']}, this release reads {FORMAT}")
        tables = tuple(Table(**table) for table in said.pop("tables"))
        return Manifest(**said, tables=tables)
    except (ValueError, KeyError, TypeError) as error:
        raise BackupError(f"the manifest of {name} cannot be read: {error!r}") from error


async def _fetch_table(shelf: Shelf, backup: KeptBackup, table: Table) -> None:
    digest, file = hashlib.sha256(), backup.file(table)
    with file.open("wb") as kept:
        async for piece in shelf.download(f"{backup.name}/{table.file}"):
            digest.update(piece)
            kept.write(piece)
    if digest.hexdigest() != table.sha256:
        raise BackupError(f"{backup.name}/{table.file} is damaged: its SHA-256 is not the one of the manifest")
    if (rows := _rows(file)) != table.rows:
        raise BackupError(f"{backup.name}/{table.file} has {rows} rows, the manifest says {table.rows}")


def _rows(file: Path) -> int:
    """Count the records below the header; a line ends one unless it is within quotes, which come in pairs."""
    records = quotes = 0
    with gzip.open(file, "rb") as lines:
        for line in lines:
            quotes += line.count(b'"')
            records += quotes % 2 == 0
    return records - 1
