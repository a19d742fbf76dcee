"""The composition root: settings to things that work, opened in order and closed in reverse."""

import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

import aiohttp
from azure.identity.aio import ManagedIdentityCredential

from app.domain.errors import Unavailable
from app.environment import Secret
from app.identity.keys import SigningKeys
from app.identity.managed import database_password
from app.identity.tokens import AccessTokens
from app.setting_groups import DatabaseSettings
from app.settings import ApiSettings, McpSettings
from app.storage.connection import Login
from app.storage.database import Database
from app.storage.tasks import PostgresTasks
from app.telemetry.opening import open_telemetry
from app.web.checks import Check
from app.web.state import State

CHECK_TIMEOUT_S: Final = 2.0
"""Bound on one readiness check; below the timeout of the platform's probe."""


@asynccontextmanager
async def open_login(settings: DatabaseSettings) -> AsyncGenerator[Login]:
    """Make the login of the managed identity, over TLS with the server's name verified."""
    async with ManagedIdentityCredential(client_id=settings.client_id) as credential:
        yield Login(
            host=settings.host,
            port=settings.port,
            database=settings.name,
            role=settings.role,
            password=database_password(credential),
            tls=ssl.create_default_context(),
        )


@asynccontextmanager
async def open_state(
    settings: ApiSettings | McpSettings, secrets: Mapping[str, Secret] = MappingProxyType({})
) -> AsyncGenerator[State]:
    """Open what requests can reach. Nothing connects yet, so the process starts without its dependencies.

    Args:
        settings: Of the role.
        secrets: Third-party keys by the name of their variable.
    """
    async with AsyncExitStack() as stack:
        tracer = await stack.enter_async_context(
            open_telemetry(
                settings.telemetry,
                client_id=settings.database.client_id,
                role="api" if isinstance(settings, ApiSettings) else "mcp",
                replica=settings.listen.replica,
                revision=settings.listen.revision,
            )
        )
        login = await stack.enter_async_context(open_login(settings.database))
        database = await stack.enter_async_context(Database.open(login))
        # The platform may set a proxy and a bundle of authorities for the way out.
        http = await stack.enter_async_context(aiohttp.ClientSession(trust_env=True))
        keys = SigningKeys(issuer=settings.tokens.issuer, http=http)
        yield State(
            checks=(
                Check(name="database", hard=True, timeout=CHECK_TIMEOUT_S, probe=database.ping),
                *(secret_check(name, key) for name, key in secrets.items()),
            ),
            now=lambda: datetime.now(UTC),
            tasks=PostgresTasks(database),
            tracer=tracer,
            tokens=AccessTokens(audience=settings.tokens.audience, issuer=settings.tokens.issuer, keys=keys),
        )


def secret_check(name: str, secret: Secret) -> Check:
    """Make the soft check of a third-party key: degraded while nobody has filled it in."""

    async def probe() -> None:
        if secret.is_placeholder:
            raise Unavailable(f"{name} still holds the placeholder; set it in the key vault")

    return Check(name=name.lower(), hard=False, timeout=CHECK_TIMEOUT_S, probe=probe)
