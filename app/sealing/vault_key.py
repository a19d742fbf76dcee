"""The wrapping key in a key vault: RSA-OAEP-256 (RFC 7518 section 4.3), reached as the managed identity."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from azure.core.exceptions import AzureError
from azure.identity.aio import ManagedIdentityCredential
from azure.keyvault.keys import KeyVaultKey, KeyVaultKeyIdentifier
from azure.keyvault.keys.aio import KeyClient
from azure.keyvault.keys.crypto import KeyWrapAlgorithm
from azure.keyvault.keys.crypto.aio import CryptographyClient

from app.domain.errors import Unavailable
from app.sealing.wrapping import Wrapped

ANSWER_S: Final = 5.0
"""Bound on one use of the vault, its retry and a token included."""
CONNECT_S: Final = 2
READ_S: Final = 3
RETRIES: Final = 1
CURRENT_S: Final = 300.0
"""How long a version counts as the current one: so long after a rotation, or after it was disabled, it still wraps."""
VERSIONS_MAX: Final = 16
"""Clients of versions in a process."""

_ALGORITHM: Final = KeyWrapAlgorithm.rsa_oaep_256


class VaultKey:
    """The port `WrappingKey`. The public key wraps in this process; only the vault, which never gives it, unwraps.

    Args:
        client: The vault's keys.
        key_id: The key's address, without a version.
        clock: Monotonic seconds.
    """

    def __init__(self, client: KeyClient, key_id: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client: Any = client  # its types are partly unknown
        self._key_id = key_id.rstrip("/")
        self._name = KeyVaultKeyIdentifier(key_id).name
        self._clock = clock
        self._current: tuple[float, KeyVaultKey] | None = None
        self._versions: dict[str, CryptographyClient] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, key_id: str, *, client_id: str) -> AsyncGenerator["VaultKey"]:
        """Open a key by its address; nothing connects yet."""
        async with (
            ManagedIdentityCredential(client_id=client_id) as credential,
            KeyClient(
                KeyVaultKeyIdentifier(key_id).vault_url,
                credential,
                connection_timeout=CONNECT_S,
                read_timeout=READ_S,
                retry_total=RETRIES,
            ) as client,
        ):
            yield cls(client, key_id)

    async def current(self) -> str:
        """Return the address of the version that wraps now."""
        return self._address((await self._newest()).properties.version)

    async def wrap(self, key: bytes) -> Wrapped:
        """Encrypt a data key with the current version."""
        newest = await self._newest()
        with _answers(f"the key {self._key_id} cannot wrap"):
            result = await CryptographyClient.from_jwk(newest.key).wrap_key(_ALGORITHM, key)
        return Wrapped(content=result.encrypted_key, by=self._address(newest.properties.version))

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        """Ask the vault to decrypt a data key.

        Raises:
            Unavailable: The vault does not answer or refuses, or another key has wrapped.
        """
        # The address comes from the database: what is sent with our token goes to our vault, whatever it says.
        address, _, version = wrapped.by.rpartition("/")
        if address != self._key_id:
            raise Unavailable(f"wrapped by {wrapped.by}, not by a version of {self._key_id}")
        with _answers(f"{wrapped.by} cannot unwrap"):
            async with asyncio.timeout(ANSWER_S):
                return (await self._version(version).unwrap_key(_ALGORITHM, wrapped.content)).key

    def _version(self, version: str) -> CryptographyClient:
        if version not in self._versions:
            if len(self._versions) >= VERSIONS_MAX:
                self._versions.clear()
            self._versions[version] = self._client.get_cryptography_client(self._name, key_version=version)
        return self._versions[version]

    async def _newest(self) -> KeyVaultKey:
        if self._current is None or self._clock() >= self._current[0]:
            with _answers(f"the key {self._key_id} cannot be read"):
                async with asyncio.timeout(ANSWER_S):
                    newest: KeyVaultKey = await self._client.get_key(self._name)
                _check(newest)
            self._current = (self._clock() + CURRENT_S, newest)
        return self._current[1]

    def _address(self, version: str | None) -> str:
        return f"{self._key_id}/{version}"


def _check(key: KeyVaultKey) -> None:
    """Refuse to wrap with a key that its vault would refuse: the SDK does not ask."""
    properties, now = key.properties, datetime.now(UTC)
    begins, ends = properties.not_before, properties.expires_on
    if not properties.enabled or (begins and now < begins) or (ends and now >= ends):
        raise Unavailable(f"{key.id} is disabled, or not within its time")


@contextmanager
def _answers(failure: str) -> Generator[None]:
    """Translate the failures of the vault, of the identity and of the time."""
    try:
        yield
    except (AzureError, TimeoutError, ValueError) as error:  # ValueError: a challenge that names another resource
        raise Unavailable(f"{failure}: {error!r}") from error
