"""A logical backup: every table as of one moment, in files that are written once, and a manifest that comes last.

A folder without a manifest is no backup. It complements the server's own backups, which end with the server.
"""

import gzip
import hashlib
import json
import logging
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Protocol

from app.domain.errors import Unavailable
from app.jobs.failure import JobError
from app.storage.connection import Connection, DatabaseError, Login, connect
from app.storage.schema import PRODUCT_SCHEMA, REVISION_QUERY, TABLES_QUERY

FORMAT: Final = 1
"""The version of what a manifest says."""
MANIFEST: Final = "manifest.json"
"""The file that makes a folder a backup."""
STATEMENT_S: Final = 3_600.0
"""Bound on the copy of one table."""

_log = logging.getLogger(__name__)


class BackupError(JobError):
    """There is no backup, or none that can be used; the message is the reason."""


class Container(Protocol):
    """Where files go."""

    async def write_once(self, name: str, file: Path, *, content_type: str) -> None:
        """Upload a file under a name that nothing has yet; raises FileExistsError and Unavailable."""
        ...


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table in a backup: its file, with the hash of the bytes as they are stored."""

    table: str
    file: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a backup holds, and of which schema."""

    format: int
    taken_at: str
    database: str
    schema_revision: str
    tables: tuple[Table, ...]


async def back_up(login: Login, container: Container, *, now: datetime) -> Manifest:
    """Copy every table of the product as of one moment, and return what was written.

    Args:
        login: A login that may read every table.
        container: Where the files go, in a folder named by the time.
        now: The time of the backup, in UTC.

    Raises:
        BackupError: The database or the storage does not answer in time or refuses, or there is no room for the files
            meanwhile; without a manifest nothing counts.
    """
    folder = f"{now:%Y%m%dT%H%M%SZ}"
    try:
        with TemporaryDirectory() as kept:
            manifest = await _copy(replace(login, application="backup", statement_s=STATEMENT_S), Path(kept), now)
            (Path(kept) / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1))
            for table in manifest.tables:
                await container.write_once(
                    f"{folder}/{table.file}", Path(kept) / table.file, content_type="application/gzip"
                )
            await container.write_once(f"{folder}/{MANIFEST}", Path(kept) / MANIFEST, content_type="application/json")
    except (DatabaseError, Unavailable, OSError) as error:
        raise BackupError(str(error)) from error
    rows = sum(table.rows for table in manifest.tables)
    _log.info("backed up", extra={"folder": folder, "tables": len(manifest.tables), "rows": rows})
    return manifest


async def _copy(login: Login, folder: Path, now: datetime) -> Manifest:
    """Copy the tables to local files first, so that the snapshot is not held for the time of the upload."""
    connection = await connect(login)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            revision = await connection.fetchval(REVISION_QUERY)
            names = [row["tablename"] for row in await connection.fetch(TABLES_QUERY)]
            tables = [await _copy_table(connection, name, folder) for name in names]
    finally:
        await connection.close()
    return Manifest(
        format=FORMAT,
        taken_at=now.isoformat(timespec="seconds"),
        database=login.database,
        schema_revision=revision,
        tables=tuple(tables),
    )


async def _copy_table(connection: Connection, name: str, folder: Path) -> Table:
    file = folder / f"{name}.csv.gz"
    with gzip.open(file, "wb") as compressed:
        copied = await connection.copy_from_table(
            name, schema_name=PRODUCT_SCHEMA, output=compressed, format="csv", header=True
        )
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    rows = int(copied.removeprefix("COPY "))
    return Table(table=name, file=file.name, rows=rows, bytes=file.stat().st_size, sha256=digest)
