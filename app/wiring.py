"""The composition root: settings to things that work, opened in order and closed in reverse."""

import ssl
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

import aiohttp
from azure.identity.aio import ManagedIdentityCredential

from app.cache.opening import open_cache
from app.domain.errors import Unavailable
from app.domain.models import Principal
from app.environment import Secret
from app.identity.keys import SigningKeys
from app.identity.managed import database_password
from app.identity.tokens import AccessTokens
from app.job_settings import UpkeepSettings
from app.sealing.data_keys import DataKeys
from app.sealing.sealer import EnvelopeSealer
from app.sealing.vault_key import VaultKey
from app.limits.limiter import Limiter
from app.setting_groups import DatabaseSettings
from app.settings import ApiSettings, McpSettings, WorkerSettings
from app.storage.audit import PostgresAuditTrail
from app.storage.audit_history import PostgresAuditHistory
from app.storage.connection import Login
from app.storage.database import Database
from app.storage.subject_keys import PostgresSubjectKeys
from app.storage.events import PostgresEvents
from app.storage.operations import PostgresOperations
from app.storage.outbox import PostgresOutbox
from app.storage.tasks import PostgresTasks
from app.telemetry.opening import open_telemetry
from app.web.checks import Check
from app.web.state import State

CHECK_TIMEOUT_S: Final = 2.0
"""Bound on one readiness check; below the timeout of the platform's probe."""


class NoKeys:
    """The port `Sealer` of a service that has no keys: nothing can be sealed, so nothing sensitive is kept."""

    async def seal(self, owner: Principal, place: str, value: str) -> bytes:  # noqa: ARG002 - the port's arguments
        """Raise `Unavailable`."""
        raise Unavailable("no keys to seal with are wired")

    async def unseal(self, owner: Principal, place: str, sealed: bytes) -> str:  # noqa: ARG002 - the port's arguments
        """Raise `Unavailable`."""
        raise Unavailable("no keys to unseal with are wired")


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
async def open_sealer(
    settings: ApiSettings | McpSettings | UpkeepSettings | WorkerSettings, database: Database
) -> AsyncGenerator[EnvelopeSealer]:
    """Make what seals and unseals, and blind indexes, with the vault's key as the managed identity."""
    async with VaultKey.open(settings.data_key_id, client_id=settings.database.client_id) as key:
        yield EnvelopeSealer(DataKeys(PostgresSubjectKeys(database), key))


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
        sealer = await stack.enter_async_context(open_sealer(settings, database))
        keys = SigningKeys(issuer=settings.tokens.issuer, http=http)
        identity = ManagedIdentityCredential(client_id=settings.database.client_id)
        credential = await stack.enter_async_context(identity)
        cache = await stack.enter_async_context(
            open_cache(settings.cache, credential, release=settings.listen.revision)
        )
        yield State(
            checks=(
                Check(name="database", hard=True, timeout=CHECK_TIMEOUT_S, probe=database.ping),
                Check(name="vault", hard=False, timeout=CHECK_TIMEOUT_S, probe=sealer.ping),
        wake, queue_checks = await stack.enter_async_context(_open_relay(settings, database))
        yield State(
            checks=(
                Check(name="database", hard=True, timeout=CHECK_TIMEOUT_S, probe=database.ping),
                *queue_checks,
                *(secret_check(name, key) for name, key in secrets.items()),
            ),
            audit=PostgresAuditTrail(database),
            audit_history=PostgresAuditHistory(database),
                Check(name="cache", hard=False, timeout=CHECK_TIMEOUT_S, probe=cache.link.ping),
            cache=cache.answers,
            limiter=Limiter(
                per_person=settings.limits.per_person, per_address=settings.limits.per_address, link=cache.link
            now=lambda: datetime.now(UTC),
            events=PostgresEvents(database),
            operations=PostgresOperations(database, NoKeys(), wake),
            tasks=PostgresTasks(database),
            tracer=tracer,
            tokens=AccessTokens(audience=settings.tokens.audience, issuer=settings.tokens.issuer, keys=keys),
        )


@asynccontextmanager
async def _open_relay(
    settings: ApiSettings | McpSettings, database: Database
) -> AsyncGenerator[tuple[Callable[[], None], tuple[Check, ...]]]:
    """Run a relay in the API; what the tool server keeps, the relays of the API send at their next look.

    Gives what wakes the relay, and the soft check of the queue.
    """
    if isinstance(settings, McpSettings):
        yield (lambda: None), ()
        return
    from app.queue.relaying import open_relay  # noqa: PLC0415 - the tool server starts without the client of the queue

    async with open_relay(settings.queue, settings.database.client_id, PostgresOutbox(database)) as relay:
        yield relay.wake, (Check(name="queue", hard=False, timeout=CHECK_TIMEOUT_S, probe=relay.ping),)


def secret_check(name: str, secret: Secret) -> Check:
    """Make the soft check of a third-party key: degraded while nobody has filled it in."""

    async def probe() -> None:
        if secret.is_placeholder:
            raise Unavailable(f"{name} still holds the placeholder; set it in the key vault")

    return Check(name=name.lower(), hard=False, timeout=CHECK_TIMEOUT_S, probe=probe)
