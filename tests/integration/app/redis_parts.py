"""A real Redis with the Entra logins of the platform, and replicas of the service's cache on it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import uuid4

from azure.core.credentials import AccessToken

from app.cache.link import Link
from app.cache.opening import OpenCache, open_cache
from app.domain.models import Principal
from app.settings.groups import CacheSettings
from app.telemetry.counters import CACHE_READS, Counter
from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import Identity, TokenSigner
from localazure.redis.gateway import RESOURCE
from localazure.redis.servers import RedisServers
from tests.integration.app.platform_parts import API

_T = TypeVar("_T")
CLUSTER = "amr-test"
WITHIN_S = 15.0


@dataclass(kw_only=True)
class Credential:
    """A managed identity whose tokens live as long as the test says."""

    tokens: TokenSigner
    identity: Identity = API
    seconds: int = 600
    given: list[str] = field(default_factory=list[str])

    async def get_token(self, *scopes: str, **_options: Any) -> AccessToken:
        assert scopes == (f"{RESOURCE}/.default",)
        token = self.tokens.issue_for(self.identity, resource=RESOURCE, lifetime_seconds=self.seconds)
        self.given.append(token)
        return AccessToken(token, 0)

    async def close(self) -> None:
        pass

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        pass


class PatientLink(Link):
    """Waits for as long as a busy machine takes: for tests of what Redis says, not of how soon."""

    async def call(self, command: Callable[[Any], Awaitable[_T]], *, budget_s: float = WITHIN_S) -> _T:
        return await super().call(command, budget_s=budget_s)


@dataclass(frozen=True, kw_only=True)
class RedisCloud:
    """A running server and what it takes to log in."""

    authority: CertificateAuthority
    port: int
    servers: RedisServers
    tokens: TokenSigner

    def credential(self, seconds: int = 600) -> Credential:
        return Credential(tokens=self.tokens, seconds=seconds)

    @asynccontextmanager
    async def replica(
        self,
        *,
        port: int | None = None,
        release: str = "one",
        credential: Credential | None = None,
        reads: Counter = CACHE_READS,
    ) -> AsyncGenerator[OpenCache]:
        """Open the cache of one replica, connected and subscribed, at this port or at the server itself."""
        settings = CacheSettings(host="127.0.0.1", port=port or self.port)
        async with open_cache(
            settings,
            credential or self.credential(),
            release=release,
            authorities=str(self.authority.bundle),
            reads=reads,
        ) as cache:
            await until(lambda: cache.answers.hears)
            yield cache


async def until(true: Callable[[], bool] | Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            now = true()
            if now if isinstance(now, bool) else await now:
                return
            await asyncio.sleep(0.01)


def somebody() -> Principal:
    """Make a person whom nobody else knows."""
    return Principal(issuer="https://issuer.test", subject=uuid4().hex)
