"""What tests with the official SDK of Key Vault share: the token of an identity, and a client that trusts the plane."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

from azure.core.credentials import AccessToken
from azure.keyvault.keys.aio import KeyClient
from azure.keyvault.keys.crypto.aio import CryptographyClient

from localazure.planes.key_store import Keys
from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import Identity, TokenSigner
from localazure.planes.vault import KeyVault, VaultAddress
from localazure.planes.vault_store import Secrets


class VaultCredential:
    """Tokens of one identity, for the resource that the vault's challenge names."""

    def __init__(self, tokens: TokenSigner, identity: Identity) -> None:
        self._tokens = tokens
        self._identity = identity

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        [scope] = scopes
        resource = scope.removesuffix("/.default")
        token = self._tokens.issue_for(self._identity, resource=resource, lifetime_seconds=600)
        return AccessToken(token, int(time.time()) + 600)

    async def close(self) -> None:
        pass

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


@dataclass(frozen=True, kw_only=True)
class PeopleVault:
    """A vault that lets everybody use its one key, `people`."""

    keys: Keys
    plane: KeyVault
    uri: str

    @property
    def key_id(self) -> str:
        """The address of the key, without a version."""
        return f"{self.uri}keys/people"


def _allow(_object_id: str, _action: str, _scope: str) -> bool:
    return True


@asynccontextmanager
async def people_vault(authority: CertificateAuthority, tokens: TokenSigner) -> AsyncGenerator[PeopleVault]:
    """Serve a vault for the service's own tests; who may use keys is tested in test_vault_keys.py."""
    keys = Keys({})
    keys.create("people")
    plane = KeyVault(
        address=VaultAddress(location="westeurope", resource_id="/vaults/people"),
        authorize=_allow,
        keys=keys,
        secrets=Secrets({}, purge_protection=False, retention_days=7),
        tokens=tokens,
    )
    uri = await plane.start(authority.server_context())
    try:
        yield PeopleVault(keys=keys, plane=plane, uri=uri)
    finally:
        await plane.stop()


def key_client(uri: str, tokens: TokenSigner, identity: Identity, *, trust: str, **options: Any) -> KeyClient:
    """Make the official client of a vault's keys, as an identity."""
    credential: Any = VaultCredential(tokens, identity)
    defaults: dict[str, Any] = {"connection_verify": trust, "retry_total": 0}
    return KeyClient(uri, credential, **(defaults | options))


def crypto_of(client: KeyClient, key: str, version: str | None = None, *, remote: bool = False) -> CryptographyClient:
    """Make the official client of one key.

    Args:
        remote: Whether the vault wraps; else the SDK does, with the public key.
    """
    sdk: Any = client  # its types are partly unknown
    made = sdk.get_cryptography_client(key, key_version=version)
    made._initialized = remote
    return made
