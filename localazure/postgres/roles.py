"""Databases and Entra administrators: the statements behind what ARM and the gateway ask of a server."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg  # pyright: ignore[reportMissingTypeStubs]  # asyncpg ships no types; used for its exceptions

from localazure.postgres.connection import SUPERUSER, Connection

_SETUP: Final = Path(__file__).with_name("entra.sql")
_PORTABLE_COLLATION: Final = "C.UTF-8"


@dataclass(frozen=True, kw_only=True)
class Principal:
    """The Entra object behind a role: its object id, and `user`, `group` or `service`."""

    kind: str
    object_id: str


async def prepare(connection: Connection) -> None:
    """Make what a fresh Flexible Server has: the role `azure_pg_admin` and the functions `pgaadauth_*`."""
    await connection.execute(_SETUP.read_text())


async def principal_of(connection: Connection, role: str) -> Principal | None:
    """Look up which Entra object may log in as a role; none when the role is missing or not Entra's."""
    row = await connection.fetchrow(
        "SELECT principaltype, objectid FROM pgaadauth_list_principals(false) WHERE rolename = $1", role
    )
    return Principal(kind=str(row[0]), object_id=str(row[1])) if row else None


async def create_database(connection: Connection, name: str, charset: str, collation: str) -> str:
    """Create a database; an existing one is left as it is.

    It belongs to the administrator, and on a server that has none to `azuresu`, where nobody may make a table in it
    (github.com/hashicorp/terraform-provider-azurerm/issues/27895).

    Returns:
        The collation it got. A machine without the locale asked for gets C.UTF-8: its order of letters differs.

    """
    found = await connection.fetchval("SELECT datcollate FROM pg_database WHERE datname = $1", name)
    if found is not None:
        return str(found)
    administrator = "SELECT rolename::text FROM pgaadauth_list_principals(true) ORDER BY rolename LIMIT 1"
    owner = str(await connection.fetchval(administrator) or SUPERUSER)
    form = "CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L"
    try:
        await connection.execute(await _statement(connection, form, name, owner, charset, collation, collation))
    except asyncpg.WrongObjectTypeError:
        # The code of "invalid LC_COLLATE locale name".
        collation = _PORTABLE_COLLATION
        await connection.execute(await _statement(connection, form, name, owner, charset, collation, collation))
    return collation


async def drop_database(connection: Connection, name: str) -> None:
    """Drop a database and end its sessions; a missing one is no error."""
    await connection.execute(await _statement(connection, "DROP DATABASE IF EXISTS %I WITH (FORCE)", name))


async def set_administrator(connection: Connection, role: str, principal: Principal) -> None:
    """Make an Entra object an administrator under a role name, which may exist already."""
    if not await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role):
        create = "SELECT pgaadauth_create_principal_with_oid($1, $2, $3, true, false)"
        await connection.fetchval(create, role, principal.object_id, principal.kind)
        return
    # A role that is not yet an administrator is one that administrators may drop: no circle of memberships.
    await connection.execute(await _statement(connection, "REVOKE %I FROM azure_pg_admin", role))
    await connection.execute(await _statement(connection, "ALTER ROLE %I LOGIN CREATEDB CREATEROLE", role))
    await connection.execute(await _statement(connection, "GRANT azure_pg_admin TO %I", role))
    label = "SELECT pgaadauth_label(quote_ident($1), $2, $3, true)"
    await connection.fetchval(label, role, principal.object_id, principal.kind)


async def remove_administrator(connection: Connection, role: str) -> None:
    """Drop an administrator's role; one that still owns something stays, without rights and without login."""
    try:
        await connection.execute(await _statement(connection, "DROP ROLE IF EXISTS %I", role))
    except asyncpg.DependentObjectsStillExistError:
        strip = "ALTER ROLE %I NOLOGIN NOCREATEDB NOCREATEROLE"
        await connection.execute(await _statement(connection, strip, role))
        await connection.execute(await _statement(connection, "REVOKE azure_pg_admin FROM %I", role))
        unlabel = "DELETE FROM pg_shseclabel WHERE provider = 'pgaadauth' AND objoid = quote_ident($1)::regrole"
        await connection.execute(unlabel, role)


async def _statement(connection: Connection, form: str, *names: str) -> str:
    # The server quotes: %I is an identifier, %L a literal.
    return str(await connection.fetchval("SELECT format($1, VARIADIC $2::text[])", form, list(names)))
