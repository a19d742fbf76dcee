"""The servers of the embedded Azure Database for PostgreSQL, by name: the part that ARM's resources talk to."""

import asyncio
import json
import re
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from localazure.errors import StateError
from localazure.planes.files import write_atomically
from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import TokenSigner
from localazure.postgres import roles
from localazure.postgres.binaries import find_binaries
from localazure.postgres.cluster import Cluster, data_version
from localazure.postgres.connection import Connection, connect
from localazure.postgres.gateway import Gateway
from localazure.postgres.parameters import Parameter, parameter_of
from localazure.postgres.roles import Principal

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where a server answers, and the version of PostgreSQL that really runs, for example 18.4."""

    host: str
    port: int
    version: str


@dataclass(frozen=True, kw_only=True)
class _Server:
    cluster: Cluster
    endpoint: Endpoint
    gateway: Gateway


class PostgresServers:
    """Every server of the embedded Azure, each in a folder of its own under its name.

    Args:
        folder: Where the servers live; created when missing.
        authority: Signs the gateways' certificates.
        tokens: Verifies the tokens that stand for passwords.

    """

    def __init__(self, folder: Path, authority: CertificateAuthority, tokens: TokenSigner) -> None:
        self._authority = authority
        self._changing = asyncio.Lock()
        self._folder = folder
        self._servers: dict[str, _Server] = {}
        self._tokens = tokens

    async def create(self, name: str, version: int, port: int | None = None) -> Endpoint:
        """Make a server, or start the one of that name again with its data, on its port.

        Args:
            name: 3 to 63 lower-case letters, digits and hyphens.
            version: The major version asked for; the nearest installed one is taken. An existing server keeps
                the one its data was made with.
            port: The port to listen on; by default the one it had, at first any free one.

        Returns:
            Where it answers.

        Raises:
            StateError: The name is malformed, no PostgreSQL is installed, it does not start, the port is taken.

        """
        if not _NAME.fullmatch(name):
            raise StateError(f"server name {name!r}: expected 3-63 lower-case letters, digits and hyphens")
        async with self._changing:
            running = self._servers.get(name)
            if running is None or not running.cluster.running:
                await self._stop(name)
                self._servers[name] = running = await self._start(self._folder / name, version, port)
            return running.endpoint

    async def create_database(
        self, server: str, name: str, charset: str = "UTF8", collation: str = "en_US.utf8"
    ) -> str:
        """Create a database unless it exists; gives the collation it got, see `roles.create_database`."""
        async with self._administration(server) as connection:
            return await roles.create_database(connection, name, charset, collation)

    async def drop_database(self, server: str, name: str) -> None:
        """Drop a database with its sessions."""
        async with self._administration(server) as connection:
            await roles.drop_database(connection, name)

    async def set_administrator(self, server: str, role: str, object_id: str, kind: str = "service") -> None:
        """Make an Entra object (`user`, `group` or `service`) an administrator under a role name."""
        async with self._administration(server) as connection:
            await roles.set_administrator(connection, role, Principal(kind=kind, object_id=object_id))

    async def remove_administrator(self, server: str, role: str) -> None:
        """Take an administrator's access away."""
        async with self._administration(server) as connection:
            await roles.remove_administrator(connection, role)

    async def parameter(self, server: str, name: str) -> Parameter | None:
        """What values a server parameter takes; none when the server does not have it."""
        async with self._administration(server) as connection:
            return await parameter_of(connection, name)

    async def drop(self, server: str) -> None:
        """Stop a server and delete its data; a missing one is no error.

        Raises:
            StateError: The name is malformed.

        """
        if not _NAME.fullmatch(server):
            raise StateError(f"server name {server!r}: expected 3-63 lower-case letters, digits and hyphens")
        async with self._changing:
            await self._stop(server)
            await asyncio.to_thread(shutil.rmtree, self._folder / server, ignore_errors=True)

    async def stop_all(self) -> None:
        """Stop every server; `create` starts each again with its data."""
        async with self._changing:
            await asyncio.gather(*(self._stop(server) for server in list(self._servers)))

    async def _start(self, folder: Path, version: int, port: int | None) -> _Server:
        made_with = data_version(folder)
        binaries = find_binaries(made_with or version)
        if made_with not in {None, binaries.major}:
            raise StateError(
                f"{folder} holds data of PostgreSQL {made_with}, installed is {binaries.version}; "
                f"install version {made_with}, or delete the folder and its data"
            )
        record = folder / "server.json"
        kept: dict[str, int] = json.loads(record.read_text()) if record.exists() else {}
        cluster = Cluster(binaries, folder)
        gateway = Gateway(
            cluster.sockets, self._authority.server_context(), self._tokens, lambda role: _principal(cluster, role)
        )
        try:
            await cluster.start()
            await _prepare(cluster)
            listening = await gateway.start(port or kept.get("port", 0))
        except BaseException:
            await gateway.stop()
            await cluster.stop()
            raise
        write_atomically(record, json.dumps({"port": listening}).encode())
        endpoint = Endpoint(host="127.0.0.1", port=listening, version=binaries.version)
        return _Server(cluster=cluster, endpoint=endpoint, gateway=gateway)

    async def _stop(self, server: str) -> None:
        if running := self._servers.pop(server, None):
            await running.gateway.stop()
            await running.cluster.stop()

    @asynccontextmanager
    async def _administration(self, server: str) -> AsyncGenerator[Connection]:
        running = self._servers.get(server)
        if running is None:
            known = ", ".join(sorted(self._servers)) or "none"
            raise StateError(f"no PostgreSQL server {server!r} runs (running: {known}); create it first")
        connection = await connect(running.cluster.sockets)
        try:
            yield connection
        finally:
            await connection.close()


async def _prepare(cluster: Cluster) -> None:
    connection = await connect(cluster.sockets)
    try:
        await roles.prepare(connection)
    finally:
        await connection.close()


async def _principal(cluster: Cluster, role: str) -> Principal | None:
    connection = await connect(cluster.sockets)
    try:
        return await roles.principal_of(connection, role)
    finally:
        await connection.close()
