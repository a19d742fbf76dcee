"""What the service's tests share: a real PostgreSQL with the Entra logins of the platform."""

import ssl
from collections.abc import AsyncGenerator
from uuid import uuid4

import pytest
import pytest_asyncio

from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import TokenSigner
from localazure.postgres.server import PostgresServers
from tests.integration.app.platform_parts import MIGRATOR, Platform


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def platform(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Platform]:
    """Start a database server whose administrator is the migrator's identity."""
    folder = tmp_path_factory.mktemp("platform")
    authority = CertificateAuthority(folder / "authority")
    signer = TokenSigner(folder / "tokens", str(uuid4()))
    servers = PostgresServers(folder / "servers", authority, signer)
    endpoint = await servers.create("database", 17)
    try:
        await servers.set_administrator("database", "migrator", MIGRATOR.object_id)
        yield Platform(
            authority=authority,
            endpoint=endpoint,
            servers=servers,
            signer=signer,
            trust=ssl.create_default_context(cafile=authority.bundle),
            bundle=authority.bundle,
        )
    finally:
        await servers.stop_all()
