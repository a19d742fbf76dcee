"""What tests with the official SDK of Key Vault share: the token of an identity, and a client that trusts the plane."""

import time
from typing import Any, Self

from azure.core.credentials import AccessToken
from azure.keyvault.keys.aio import KeyClient
from azure.keyvault.keys.crypto.aio import CryptographyClient

from localazure.planes.tokens import Identity, TokenSigner


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
