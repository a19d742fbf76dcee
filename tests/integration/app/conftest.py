"""What the service's tests share: a real PostgreSQL with the Entra logins of the platform."""

import ssl
from collections.abc import AsyncGenerator
from uuid import uuid4

import pytest
import pytest_asyncio

from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import TokenSigner
from localazure.postgres.server import PostgresServers
from localazure.redis.server import Memory
from localazure.redis.servers import RedisServers
from tests.integration.app.platform_parts import API, MIGRATOR, Platform
from tests.integration.app.redis_parts import CLUSTER, RedisCloud


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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def redis_cloud(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[RedisCloud]:
    """Start a Redis that lets the identity of the API in."""
    folder = tmp_path_factory.mktemp("redis")
    authority, tokens = CertificateAuthority(folder / "authority"), TokenSigner(folder / "tokens", str(uuid4()))
    servers = RedisServers(folder / "servers", authority, tokens)
    port = await servers.create(CLUSTER, Memory(limit_bytes=0, policy="allkeys-lfu"))
    await servers.admit(CLUSTER, API.object_id)
    try:
        yield RedisCloud(authority=authority, port=port, servers=servers, tokens=tokens)
    finally:
        await servers.stop_all()
