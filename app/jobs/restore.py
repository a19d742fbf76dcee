"""Fills an empty database from a backup, in one transaction: afterwards all of it is there, or nothing.

In the same transaction the ledger of erasures is replayed, so that nobody ever sees what is kept of a person who was
erased after the backup.
"""

import gzip
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from app.domain.audit import AuditEvent
from app.domain.data_tables import PERSONAL
from app.domain.erasure import KIND as ERASE
from app.domain.errors import ProductError
from app.jobs.backup import BackupError, Table
from app.jobs.failure import JobError
from app.jobs.kept_backup import KeptBackup, Shelf, fetch
from app.storage.anchors import supersede
from app.storage.audit import PostgresAuditTrail
from app.storage.blob_streams import StreamedContainer
from app.storage.connection import NOT_NOW, Connection, DatabaseError, Login, connect
from app.storage.database import Transaction
from app.storage.erasure_ledger import BlobErasureLedger
from app.storage.schema import PRODUCT_SCHEMA, REVISION_QUERY, TABLES_QUERY, VERSION_SCHEMA

STATEMENT_S: Final = 3_600.0
"""Bound on the copy of one table."""

# Who waits longer for a table holds up every request behind it.
_LOCK_TIMEOUT: Final = "set local lock_timeout = '5s'"
_MIGRATED: Final = f"select to_regclass('{VERSION_SCHEMA}.alembic_version') is not null"
_LAST_ENTRY: Final = "select coalesce(max(sequence), 0) from audit_events"
_UNFINISHED: Final = "select issuer, subject from erasures where completed_at is null"
_ORDER: Final = (
    "insert into outbox (id, kind, body, session, created_at) "
    "select gen_random_uuid(), $1, json_build_object('erasure', id)::text, id::text, $2 "
    "from erasures where completed_at is null"
)
_KEPT_FOR_THE_WORKER: Final = "telegram_links"
"""Tells which waiting messages from Telegram are the person's, so it goes after them (`app.storage.erasers`)."""

_log = logging.getLogger(__name__)


class RestoreError(JobError):
    """Nothing was restored, and the database is as it was; the message is the reason."""


async def restore(login: Login, *, backups: Shelf, archive: StreamedContainer, name: str, now: datetime) -> None:
    """Fill the database from a backup, erase again who was erased since, and let the audit trail go on from there.

    Args:
        login: The login of the tables' owner.
        backups: Where backups are.
        archive: The container with the ledger of erasures and the anchors of the audit trail.
        name: Which backup; empty for the newest that is complete.
        now: The time in UTC.

    Raises:
        RestoreError: The backup is damaged; the database has rows, or another schema; something does not answer.
    """
    login = replace(login, application="restore", statement_s=STATEMENT_S)
    with TemporaryDirectory() as folder:
        try:
            backup = await fetch(backups, name, Path(folder))
            line = {"backup": backup.name, "taken_at": backup.manifest.taken_at, "tables": len(backup.manifest.tables)}
            _log.info("backup checked", extra=line)
            await _fill(login, backup, archive, now)
        except (BackupError, ProductError, DatabaseError, *NOT_NOW) as error:
            raise RestoreError(str(error)) from error
    _log.info("restored", extra={"backup": backup.name, "rows": sum(table.rows for table in backup.manifest.tables)})


async def _fill(login: Login, backup: KeptBackup, archive: StreamedContainer, now: datetime) -> None:
    connection = await connect(login)
    try:
        async with connection.transaction():
            await connection.execute(_LOCK_TIMEOUT)
            tables = await _tables(connection, backup)
            await _refuse_rows(connection, tables)  # before a lock is waited for in a database that serves
            # The fence would keep a lock for each person, more than the server has room for, and what is only ever
            # added to could not be taken from the erased. It also keeps everybody else from writing.
            await _each(connection, tables, "alter table {} disable trigger user")
            await _refuse_rows(connection, tables)
            for table in backup.manifest.tables:
                await _copy(connection, table, backup.file(table))
            erasures = await _erase_again(connection, archive, now)
            await _each(connection, tables, "alter table {} enable trigger user")
            await _go_on(connection, backup.name, archive, now, erasures)
    finally:
        await connection.close()


async def _tables(connection: Connection, backup: KeptBackup) -> Sequence[str]:
    """Return the tables, which must be those of the backup, of the same revision."""
    migrated = await connection.fetchval(_MIGRATED)
    revision = await connection.fetchval(REVISION_QUERY) if migrated else "none"
    if revision != backup.manifest.schema_revision:
        raise RestoreError(
            f"the schema's revision is {revision}, that of {backup.name} is {backup.manifest.schema_revision}: "
            "migrate an empty database with the release that made the backup"
        )
    tables = [row["tablename"] for row in await connection.fetch(TABLES_QUERY)]
    if unlike := set(tables) ^ {table.table for table in backup.manifest.tables}:
        raise RestoreError(f"only one of {backup.name} and the database has {', '.join(sorted(unlike))}")
    return tables


async def _refuse_rows(connection: Connection, tables: Sequence[str]) -> None:
    for table in tables:
        if await connection.fetchval(f"select exists (select from {_quoted(table)})"):  # noqa: S608 - of the catalog
            raise RestoreError(f"the database is not empty, {table} has rows: nothing is restored over them")


async def _copy(connection: Connection, table: Table, file: Path) -> None:
    with gzip.open(file, "rb") as content:
        columns = content.readline().decode().rstrip("\n").split(",")
        await connection.copy_to_table(
            table.table, schema_name=PRODUCT_SCHEMA, columns=columns, source=content, format="csv"
        )
    rows = await connection.fetchval(f"select count(*) from {_quoted(table.table)}")  # noqa: S608 - of the catalog
    if rows != table.rows:
        raise RestoreError(f"{table.table} has {rows} rows after the copy, the manifest says {table.rows}")
    _log.info("table restored", extra={"table": table.table, "rows": rows})


async def _erase_again(connection: Connection, archive: StreamedContainer, now: datetime) -> int:
    """Fence out who was erased since, delete their rows, and order the rest of it; returns how many were not known."""
    erasures = await BlobErasureLedger(archive, Transaction(connection)).replay(now=now)
    for table in PERSONAL:
        if table.name != _KEPT_FOR_THE_WORKER:
            statement = f"delete from {_quoted(table.name)} where (issuer, subject) in ({_UNFINISHED})"  # noqa: S608 - the map's
            await connection.execute(statement)
    await connection.execute(_ORDER, ERASE, now)
    _log.info("ledger of erasures replayed", extra={"begun_again": erasures})
    return erasures


async def _go_on(connection: Connection, name: str, archive: StreamedContainer, now: datetime, erasures: int) -> None:
    """Let the audit trail go on from its restored end, which tells of the restore."""
    anchors = await supersede(archive, await connection.fetchval(_LAST_ENTRY), backup=name, now=now)
    detail = {"anchors_left": str(anchors), "erasures_begun_again": str(erasures)}
    event = AuditEvent(
        actor=None, action="backup.restore", object=f"backup:{name}", outcome="done", at=now, detail=detail
    )
    await PostgresAuditTrail(Transaction(connection)).record(event)


async def _each(connection: Connection, tables: Sequence[str], statement: str) -> None:
    for table in tables:
        await connection.execute(statement.format(_quoted(table)))


def _quoted(table: str) -> str:
    return f'{PRODUCT_SCHEMA}."{table}"'
