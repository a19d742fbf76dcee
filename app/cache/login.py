"""Logins to Azure Managed Redis: the token of our managed identity for a password, over TLS.

Redis ends a session when the token that opened it expires (Microsoft, "Use Microsoft Entra for cache authentication"),
and the client has no bound on the age of a connection (github.com/redis/redis-py/issues/3895): the pool here has one.
"""

import contextlib
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final
from weakref import WeakKeyDictionary

import jwt
import redis.asyncio
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.credentials import CredentialProvider
from redis.exceptions import AuthenticationError, RedisError

from app.settings.groups import CacheSettings

REDIS_SCOPE: Final = "https://redis.azure.com/.default"
"""The resource of Azure Managed Redis in Entra (Microsoft, "Use Microsoft Entra ID for cache authentication")."""
CONNECTIONS: Final = 4
"""Connections for commands. A command takes less than a millisecond and a new connection many, so a burst is better off
in a short queue than with connections of its own."""
SOCKET_S: Final = 1.0
"""Bound on one step of a connection; callers wait much less (`app.cache.link`)."""
POOL_S: Final = 0.1
"""Bound on the wait for a free connection."""
AGE_MAX_S: Final = 1800.0
"""Age at which a connection is replaced."""
MARGIN_S: Final = 60.0
"""Time before its token expires at which a connection is replaced."""


class Entra(CredentialProvider):
    """The identity's object id for a user, its token for a password; the credential keeps the token while it is good.

    Args:
        credential: Of the managed identity.
    """

    def __init__(self, credential: AsyncTokenCredential) -> None:
        self._credential = credential
        self.expires_at = 0.0
        """When the last token expires, in seconds since the epoch."""

    async def get_credentials_async(self) -> tuple[str, str]:
        """Return user and password, or raise `AuthenticationError`."""
        try:
            token = (await self._credential.get_token(REDIS_SCOPE)).token
            # Not verified: it is our own, and Redis verifies it.
            claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
            self.expires_at = float(claims["exp"])
            return str(claims["oid"]), token
        except (AzureError, jwt.PyJWTError, KeyError, ValueError) as error:
            raise AuthenticationError(f"no token of the managed identity for Redis: {error!r}") from error


class AgingPool(redis.asyncio.BlockingConnectionPool):
    """A bounded pool that waits for a connection instead of failing, and lends none that is too old.

    Args:
        credentials: Tells how long a new connection is good for.
        clock: Seconds since the epoch.
        arguments: Of the connections.
    """

    def __init__(self, credentials: Entra, clock: Callable[[], float] = time.time, **arguments: Any) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType] - the client's types are partial
            max_connections=CONNECTIONS + 1,  # and the subscription
            timeout=POOL_S,
            credential_provider=credentials,
            retry=Retry(NoBackoff(), 0),  # the caller's budget has no room for a second attempt
            socket_timeout=SOCKET_S,
            socket_connect_timeout=SOCKET_S,
            **arguments,
        )
        self._credentials = credentials
        self._clock = clock
        self._good_until: WeakKeyDictionary[Any, float] = WeakKeyDictionary()

    def good_until(self, connection: Any) -> float:
        """Return when a connection is to be replaced, in seconds since the epoch."""
        return self._good_until.get(connection, 0.0)

    async def ensure_connection(self, connection: Any) -> None:
        """Connect, anew when the connection is too old; the pool calls this before it lends one."""
        if connection.is_connected and self._clock() >= self.good_until(connection):
            await connection.disconnect()
        is_new = not connection.is_connected
        await super().ensure_connection(connection)
        if is_new:
            ends = self._credentials.expires_at - MARGIN_S
            self._good_until[connection] = min(self._clock() + AGE_MAX_S, ends)


@asynccontextmanager
async def open_pool(
    settings: CacheSettings, credential: AsyncTokenCredential, *, authorities: str | None = None
) -> AsyncGenerator[AgingPool]:
    """Make a pool; nothing connects yet.

    Args:
        settings: Where Redis is.
        credential: Of the managed identity.
        authorities: A file of certificate authorities, if not the system's.
    """
    pool = AgingPool(
        Entra(credential),
        connection_class=redis.asyncio.SSLConnection,
        host=settings.host,
        port=settings.port,
        protocol=2,
        ssl_ca_certs=authorities,
    )
    try:
        yield pool
    finally:
        with contextlib.suppress(RedisError):  # a server that hangs does not say goodbye
            await pool.disconnect()
