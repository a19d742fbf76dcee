"""The key vaults that are open: one data plane each, its secrets and keys in a file of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from localazure.access import KEY_USERS, KEY_WRITERS, SECRET_READERS, SECRET_WRITERS, is_granted
from localazure.planes.key_store import Keys, KeyVersion, Lifetime
from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import TokenSigner
from localazure.planes.vault import KeyVault, VaultAddress
from localazure.planes.vault_store import Secrets
from localazure.store import Store
from localazure.vault_file import VaultFile

_READING: Final = ("getSecret/action", "readMetadata/action")
_USING: Final = ("read", "unwrap/action", "wrap/action")


@dataclass(frozen=True, kw_only=True)
class OpenVault:
    """A vault that is served."""

    keys: Keys
    plane: KeyVault
    secrets: Secrets
    uri: str


class Vaults:
    """Every open vault.

    Args:
        folder: where the secrets and keys are kept.
        authority: signs the vaults' certificates.
        store: the subscription, whose role assignments decide about every call.
        tokens: verifies callers.
    """

    def __init__(self, folder: Path, authority: CertificateAuthority, store: Store, tokens: TokenSigner) -> None:
        self._folder = folder
        self._authority = authority
        self._store = store
        self._tokens = tokens
        self._open: dict[str, OpenVault] = {}

    async def open(self, address: VaultAddress, *, purge_protection: bool, retention_days: int) -> str:
        """Serve a vault, at the address it had if it was served before, and return that address.

        Raises:
            StateError: the port of its address is taken, or its file cannot be read.
        """
        key = address.resource_id.lower()
        if key in self._open:
            return self._open[key].uri
        file = VaultFile(self._path(key))
        secrets = Secrets(file.secrets, purge_protection=purge_protection, retention_days=retention_days)
        keys = Keys(file.keys)
        plane = KeyVault(address=address, authorize=self._authorize, keys=keys, secrets=secrets, tokens=self._tokens)
        uri = await plane.start(self._authority.server_context(), file.port)
        file.port = int(uri.rstrip("/").rsplit(":", 1)[-1])
        self._open[key] = OpenVault(keys=keys, plane=plane, secrets=secrets, uri=uri)
        return uri

    def secrets(self, vault_id: str) -> Secrets:
        """The secrets of an open vault. Raises KeyError when it is not open."""
        return self._open[vault_id.lower()].secrets

    def keys(self, vault: str) -> Keys:
        """The keys of an open vault, by its ARM id or its name, which no other has. Raises KeyError as `secrets`."""
        name = vault.rpartition("/")[2].lower()
        return {vault_id.rpartition("/")[2]: opened.keys for vault_id, opened in self._open.items()}[name]

    def create_key(
        self,
        vault_name: str,
        key_name: str,
        *,
        kty: str,
        size: int,
        operations: Sequence[str],
        lifetime: Lifetime | None = None,
    ) -> KeyVersion:
        """Make a key, unless the vault has one of the name: ARM never makes a second version.

        https://learn.microsoft.com/azure/templates/microsoft.keyvault/vaults/keys ("Creates the first version of a
        new key if it does not exist. If it already exists, then the existing key is returned").

        Raises:
            KeyError: the vault is not open.
            VaultError: the vault refuses the key.
        """
        keys = self.keys(vault_name)
        if any(key.name == key_name for key in keys.all()):
            return keys.version(key_name)
        return keys.create(key_name, kind=kty, size=size, operations=operations, lifetime=lifetime or Lifetime())

    async def close(self, vault_id: str) -> None:
        """Stop serving a vault; its content stays, as that of a vault in deleted state does."""
        if opened := self._open.pop(vault_id.lower(), None):
            await opened.plane.stop()

    def purge(self, vault_id: str) -> None:
        """Forget the content of a vault that is closed."""
        self._path(vault_id.lower()).unlink(missing_ok=True)

    async def stop(self) -> None:
        """Stop serving every vault."""
        for vault_id in list(self._open):
            await self.close(vault_id)

    def _path(self, key: str) -> Path:
        return self._folder / f"{sha256(key.encode()).hexdigest()[:16]}.json"

    def _authorize(self, object_id: str, action: str, scope: str) -> bool:
        if "/vaults/keys/" in action:
            roles = KEY_USERS if action.endswith(_USING) else KEY_WRITERS
        else:
            roles = SECRET_READERS if action.endswith(_READING) else SECRET_WRITERS
        return is_granted(self._store, object_id, roles, scope)
