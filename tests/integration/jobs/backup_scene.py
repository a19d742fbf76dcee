"""What a backup meets: a migrated database, a container, and an identity that may read the one and write the other."""

import os
import ssl
import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.contract import BackupEnv
from app.jobs.backup import Manifest, back_up
from app.jobs.migrate import DatabaseRole, migrate
from app.storage.blobs import BlobContainer
from app.storage.connection import Connection, Login, connect
from localazure.planes.tokens import Identity, TokenSigner
from localazure.postgres.server import Endpoint
from localazure.subscription import TENANT_ID
from tests.integration.blob.blob_harness import Place, open_place

ROOT: Final = Path(__file__).parents[3]
DATABASE: Final = "digitalmee"
ADMINISTRATOR: Final = Identity(
    client_id="c-admin", object_id="00000000-0000-4000-8000-0000000000ad", resource_id="/admin"
)
SERVICE: Final = DatabaseRole(name="api", object_id="00000000-0000-4000-8000-0000000000a1")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A subscription's account, and a database server beside it."""

    place: Place
    endpoint: Endpoint
    state: Path

    def login(self, identity: Identity, role: str) -> Login:
        """Log in as an identity."""
        tokens = TokenSigner(self.state / "tokens", TENANT_ID)

        async def token() -> str:
            resource = "https://ossrdbms-aad.database.windows.net"
            return tokens.issue_for(identity, resource=resource, lifetime_seconds=600)

        host, port = self.endpoint.host, self.endpoint.port
        tls = ssl.create_default_context(cafile=self.place.azure.runtime.authority.bundle)
        return Login(host=host, port=port, database=DATABASE, role=role, password=token, tls=tls)

    @property
    def identity(self) -> Identity:
        """What backups act as."""
        said = self.place.identity.outputs
        return Identity(client_id=said["clientId"], object_id=said["principalId"], resource_id=self.place.identity.id)

    async def execute(self, statement: str, *values: Any) -> None:
        """Change the database, as its administrator."""
        connection: Connection = await connect(self.login(ADMINISTRATOR, "admin"))
        try:
            await connection.execute(statement, *values)
        finally:
            await connection.close()

    async def value(self, query: str) -> Any:
        """Ask the database for one value, as its administrator."""
        connection: Connection = await connect(self.login(ADMINISTRATOR, "admin"))
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    async def copy_in(self, schema: str, table: str, file: Path) -> None:
        """Fill a table from a file of a backup, as its administrator."""
        connection: Connection = await connect(self.login(ADMINISTRATOR, "admin"))
        try:
            await connection.copy_to_table(table, schema_name=schema, source=file, format="csv", header=True)
        finally:
            await connection.close()

    async def back_up(self, **options: Any) -> Manifest:
        """Take a backup in this process."""
        async with self.place.backups() as client:
            return await back_up(self.login(self.identity, "backup"), BlobContainer(client), **options)

    async def run(self) -> tuple[int, str]:
        """Run `python -m app backup` as the container runtime does; its exit code and what it wrote."""
        runtime = self.place.azure.runtime
        environment = {
            **runtime.admit("backup", [self.identity]),
            "PATH": os.environ["PATH"],
            BackupEnv.AZURE_CLIENT_ID: self.identity.client_id,
            BackupEnv.BACKUP_CONTAINER: "backups",
            BackupEnv.DATABASE_HOST: f"{self.endpoint.host}:{self.endpoint.port}",
            BackupEnv.DATABASE_NAME: DATABASE,
            BackupEnv.DATABASE_ROLE: "backup",
            BackupEnv.LOG_LEVEL: "info",
            BackupEnv.STORAGE_BLOB_ENDPOINT: self.place.account.outputs["primaryEndpoints"]["blob"],
        }
        command = (sys.executable, "-m", "app", "backup")
        process = await create_subprocess_exec(*command, cwd=ROOT, env=environment, stdout=PIPE, stderr=STDOUT)
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode()


@asynccontextmanager
async def open_scene(state: Path) -> AsyncGenerator[Scene]:
    """Start everything and migrate the database."""
    async with open_place(state) as place:
        servers = place.azure.runtime.postgres
        endpoint = await servers.create("database", 17)
        await servers.set_administrator("database", "admin", ADMINISTRATOR.object_id)
        await servers.create_database("database", DATABASE)
        scene = Scene(place=place, endpoint=endpoint, state=state)
        reader = DatabaseRole(name="backup", object_id=scene.identity.object_id)
        await migrate(scene.login(ADMINISTRATOR, "admin"), services=[SERVICE], reader=reader)
        yield scene
