"""Brings the database to what this release needs: the roles of services and backup, the schema, the grants.

Idempotent, and safe to run in several replicas at once: each database is changed in one transaction under a lock.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from app.domain.errors import Unavailable
from app.jobs.failure import JobError
from app.storage.connection import Connection, DatabaseError, Login, connect
from app.storage.schema import PRODUCT_SCHEMA, REVISION_QUERY, VERSION_SCHEMA, upgrade_sql

MAINTENANCE_DATABASE: Final = "postgres"
"""Where Azure keeps the functions that map Entra identities to roles."""
CONNECT_WITHIN_S: Final = 60.0
"""How long the first connection is tried: the server, or the administrator's role, may be minutes old."""
RETRY_S: Final = 1.0
STATEMENT_S: Final = 300.0
"""Bound on a statement, the wait for another replica's migration included."""

_LOCK: Final = "select pg_advisory_xact_lock(hashtext('app.migrate'))"
# A change that waits for its table longer than this would hold up every request behind it.
_LOCK_TIMEOUT: Final = "set local lock_timeout = '5s'"
_ROLE_EXISTS: Final = "select exists (select from pg_roles where rolname = $1)"
_CREATE_ROLE: Final = "select * from pgaadauth_create_principal_with_oid($1, $2, 'service', false, false)"
# Columns by position (learn.microsoft.com, "Manage Microsoft Entra roles"); false: not administrators alone.
_OBJECT_OF_ROLE: Final = (
    "select object_id from pgaadauth_list_principals(false) as principal(role, kind, object_id, tenant, mfa, admin) "
    "where role = $1"
)
_FORMAT: Final = "select format($1, $2::text, $3::text)"
_VERSION_TABLE: Final = f"{VERSION_SCHEMA}.alembic_version"
_SERVICE_GRANTS: Final = (
    "grant connect on database %2$I to %1$I",
    f"grant usage on schema {PRODUCT_SCHEMA} to %1$I",
    f"grant select, insert, update, delete on all tables in schema {PRODUCT_SCHEMA} to %1$I",
    f"revoke update, delete on {PRODUCT_SCHEMA}.audit_events, {PRODUCT_SCHEMA}.audit_anchors from %1$I",
)
_UPKEEP_GRANTS: Final = ("grant product_upkeep to %1$I",)
_READER_GRANTS: Final = (
    "grant connect on database %2$I to %1$I",
    f"grant usage on schema {PRODUCT_SCHEMA}, {VERSION_SCHEMA} to %1$I",
    f"grant select on all tables in schema {PRODUCT_SCHEMA}, {VERSION_SCHEMA} to %1$I",
    "grant product_reader to %1$I",
)

_log = logging.getLogger(__name__)


class MigrationError(JobError):
    """The database is not what this release needs; the message is the reason."""


@dataclass(frozen=True, kw_only=True)
class DatabaseRole:
    """A role, and the object id of the identity that may log in as it.

    Args:
        name: The role.
        object_id: The identity's object.
        upkeep: Whether it may see everybody's rows, when it says so (revision 0003).
    """

    name: str
    object_id: str
    upkeep: bool = False


async def migrate(
    login: Login,
    *,
    services: Sequence[DatabaseRole],
    reader: DatabaseRole,
    connect_within: float = CONNECT_WITHIN_S,
) -> None:
    """Create the roles, upgrade the schema, grant each service what it does and the reader what a backup holds.

    Args:
        login: The administrator's login to the product's database.
        services: Who reads and writes, each as a role of its own.
        reader: Who reads everything, for backups.
        connect_within: Seconds within which the server must answer.

    Raises:
        MigrationError: The server does not answer in time or refuses a statement, or a role is for another object.
    """
    login = replace(login, application="migrate", statement_s=STATEMENT_S)
    deadline = time.monotonic() + connect_within
    try:
        async with _locked(replace(login, database=MAINTENANCE_DATABASE), deadline) as connection:
            for role in (*services, reader):
                await _create_role(connection, role)
        async with _locked(login, deadline) as connection:
            await _upgrade(connection)
            for role in services:
                grants = (*_SERVICE_GRANTS, *(_UPKEEP_GRANTS if role.upkeep else ()))
                await _grant(connection, role, grants, login.database)
            await _grant(connection, reader, _READER_GRANTS, login.database)
    except (DatabaseError, Unavailable) as error:
        raise MigrationError(str(error)) from error
    _log.info("migrated")


async def _create_role(connection: Connection, role: DatabaseRole) -> None:
    name, object_id = role.name, role.object_id
    if not await connection.fetchval(_ROLE_EXISTS, name):
        await connection.fetch(_CREATE_ROLE, name, object_id)
        _log.info("role created", extra={"role": name})
    # A managed identity that was deleted and made again has its name, but not its object id.
    mapped = await connection.fetchval(_OBJECT_OF_ROLE, name)
    if mapped and mapped.lower() != object_id.lower():
        raise MigrationError(
            f'the role "{name}" is for the object {mapped}, not for the identity {object_id}, which could not log '
            "in: revoke what the role may do, drop it, and migrate again"
        )


async def _grant(connection: Connection, role: DatabaseRole, grants: Sequence[str], database: str) -> None:
    for grant in grants:
        await connection.execute(await connection.fetchval(_FORMAT, grant, role.name, database))


async def _upgrade(connection: Connection) -> None:
    await connection.execute(_LOCK_TIMEOUT)
    await connection.execute(f"create schema if not exists {VERSION_SCHEMA}")
    exists = await connection.fetchval("select to_regclass($1) is not null", _VERSION_TABLE)
    current = await connection.fetchval(REVISION_QUERY) if exists else None
    if statements := upgrade_sql(current):
        await connection.execute(statements)
    _log.info("schema is current", extra={"found": current})


@asynccontextmanager
async def _locked(login: Login, deadline: float) -> AsyncGenerator[Connection]:
    """Connect and open a transaction that no other migration of this database runs beside."""
    connection = await _connect(login, deadline)
    try:
        async with connection.transaction():
            await connection.execute(_LOCK)
            yield connection
    finally:
        await connection.close()


async def _connect(login: Login, deadline: float) -> Connection:
    while True:
        try:
            return await connect(login)
        except Unavailable as error:
            if time.monotonic() + RETRY_S > deadline:
                raise
            _log.warning("the database does not answer yet", extra={"error": str(error)})
        await asyncio.sleep(RETRY_S)
