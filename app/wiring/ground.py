"""What every role that serves people or works for them stands on, opened in order and closed in reverse."""

import ssl
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import aiohttp
from azure.identity.aio import ManagedIdentityCredential

from app.cache.opening import OpenCache, open_cache
from app.domain.errors import Unavailable
from app.domain.leaving import Leaving
from app.identity.keys import SigningKeys
from app.identity.managed import database_password
from app.identity.tokens import AccessTokens
from app.limits.limiter import Limiter
from app.sealing.data_keys import DataKeys
from app.sealing.sealer import EnvelopeSealer
from app.sealing.vault_key import VaultKey
from app.settings.groups import DatabaseSettings
from app.settings.jobs import UpkeepSettings
from app.settings.reader import Secret
from app.settings.services import ApiSettings, McpSettings, WorkerSettings
from app.storage.connection import Login
from app.storage.database import Database
from app.storage.events import PostgresEvents
from app.storage.profiles import PostgresProfiles
from app.storage.subject_keys import PostgresSubjectKeys
from app.storage.tasks import PostgresTasks
from app.telemetry.opening import open_telemetry
from app.telemetry.spans import Tracer
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
async def open_sealer(
    settings: ApiSettings | McpSettings | UpkeepSettings | WorkerSettings, database: Database
) -> AsyncGenerator[EnvelopeSealer]:
    """Make what seals and unseals, and blind indexes, with the vault's key as the managed identity."""
    async with VaultKey.open(settings.data_key_id, client_id=settings.database.client_id) as key:
        yield EnvelopeSealer(DataKeys(PostgresSubjectKeys(database), key))


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """What every role that works for people stands on."""

    cache: OpenCache
    database: Database
    http: aiohttp.ClientSession
    sealer: EnvelopeSealer
    tracer: Tracer

    @property
    def checks(self) -> tuple[Check, ...]:
        """What readiness derives from: only the database is hard."""
        return (
            Check(name="database", hard=True, timeout=CHECK_TIMEOUT_S, probe=self.database.ping),
            Check(name="cache", hard=False, timeout=CHECK_TIMEOUT_S, probe=self.cache.link.ping),
            Check(name="vault", hard=False, timeout=CHECK_TIMEOUT_S, probe=self.sealer.ping),
        )


@asynccontextmanager
async def open_ground(settings: ApiSettings | McpSettings | WorkerSettings, role: str) -> AsyncGenerator[Ground]:
    """Open it. Nothing connects yet, so the process starts without its dependencies.

    Args:
        settings: Of the role.
        role: What telemetry calls the process.
    """
    client_id, listen = settings.database.client_id, settings.listen
    async with AsyncExitStack() as stack:
        telemetry = open_telemetry(
            settings.telemetry, client_id=client_id, role=role, replica=listen.replica, revision=listen.revision
        )
        tracer = await stack.enter_async_context(telemetry)
        login = await stack.enter_async_context(open_login(settings.database))
        database = await stack.enter_async_context(Database.open(login))
        # The platform may set a proxy and a bundle of authorities for the way out.
        http = await stack.enter_async_context(aiohttp.ClientSession(trust_env=True))
        sealer = await stack.enter_async_context(open_sealer(settings, database))
        credential = await stack.enter_async_context(ManagedIdentityCredential(client_id=client_id))
        cache = await stack.enter_async_context(open_cache(settings.cache, credential, release=listen.revision))
        yield Ground(cache=cache, database=database, http=http, sealer=sealer, tracer=tracer)


def state_on(ground: Ground, settings: ApiSettings | McpSettings) -> State:
    """Put together what requests of the API and of the tool server can reach."""
    keys = SigningKeys(issuer=settings.tokens.issuer, algorithms=settings.tokens.algorithms, http=ground.http)
    limits = settings.limits
    return State(
        checks=ground.checks,
        cache=ground.cache.answers,
        events=PostgresEvents(ground.database),
        leaving=Leaving(),
        limiter=Limiter(per_person=limits.per_person, per_address=limits.per_address, link=ground.cache.link),
        now=now_in_utc,
        profiles=PostgresProfiles(ground.database, ground.sealer),
        tasks=PostgresTasks(ground.database),
        tokens=AccessTokens(audience=settings.tokens.audience, issuer=settings.tokens.issuer, keys=keys),
        tracer=ground.tracer,
    )


def now_in_utc() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def secret_check(name: str, secret: Secret) -> Check:
    """Make the soft check of a third-party key: degraded while nobody has filled it in."""

    async def probe() -> None:
        if secret.is_placeholder:
            raise Unavailable(f"{name} still holds the placeholder; set it in the key vault")

    return Check(name=name.lower(), hard=False, timeout=CHECK_TIMEOUT_S, probe=probe)
