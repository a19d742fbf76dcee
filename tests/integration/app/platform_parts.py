"""The parts of the platform that the service's storage meets: a server, and identities with tokens."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from app.jobs.migrate import DatabaseRole
from app.storage.connection import Login
from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import Identity, TokenSigner
from localazure.postgres.server import Endpoint, PostgresServers

MIGRATOR = Identity(client_id=str(uuid4()), object_id=str(uuid4()), resource_id="/identities/migrator")
API = Identity(client_id=str(uuid4()), object_id=str(uuid4()), resource_id="/identities/api")
MCP = Identity(client_id=str(uuid4()), object_id=str(uuid4()), resource_id="/identities/mcp")
WORKER = Identity(client_id=str(uuid4()), object_id=str(uuid4()), resource_id="/identities/worker")
READER = Identity(client_id=str(uuid4()), object_id=str(uuid4()), resource_id="/identities/backup")
BACKUP_ROLE = DatabaseRole(name="backup", object_id=READER.object_id)
DATABASE_RESOURCE = "https://ossrdbms-aad.database.windows.net"


@dataclass(frozen=True, kw_only=True)
class Platform:
    """A running server and what it takes to log in."""

    authority: CertificateAuthority
    endpoint: Endpoint
    servers: PostgresServers
    signer: TokenSigner
    trust: ssl.SSLContext
    bundle: Path

    async def new_database(self) -> str:
        """Create an empty database."""
        name = f"d{uuid4().hex}"
        await self.servers.create_database("database", name)
        return name

    def login(self, identity: Identity, role: str, database: str) -> Login:
        """Log in as an identity."""

        async def token() -> str:
            return self.signer.issue_for(identity, resource=DATABASE_RESOURCE, lifetime_seconds=600)

        return Login(
            host=self.endpoint.host,
            port=self.endpoint.port,
            database=database,
            role=role,
            password=token,
            tls=self.trust,
        )
