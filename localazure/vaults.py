"""The key vaults that are open: one data plane each, its secrets in a file of its own."""

import json
from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from localazure.access import SECRET_READERS, SECRET_WRITERS, is_granted
from localazure.errors import StateError
from localazure.planes.files import write_atomically
from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import TokenSigner
from localazure.planes.vault import KeyVault, VaultAddress
from localazure.planes.vault_store import Secret, Secrets, SecretVersion
from localazure.store import Store

_READING = ("getSecret/action", "readMetadata/action")


class VaultFile(MutableMapping[str, Secret]):
    """Secrets by name, and the port that the vault had, in one file that is replaced at every change.

    Raises:
        StateError: the file holds something else.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
            self._port: int = content.get("port", 0)
            self._secrets = {name: _secret(kept) for name, kept in content.get("secrets", {}).items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StateError(f"{path} does not hold the secrets of a vault ({error!r}); move the file away.") from error

    @property
    def port(self) -> int:
        """The port of the vault's address; zero before it has one."""
        return self._port

    @port.setter
    def port(self, port: int) -> None:
        self._port = port
        self._write(self._secrets)

    def __getitem__(self, name: str) -> Secret:
        return self._secrets[name]

    def __setitem__(self, name: str, secret: Secret) -> None:
        self._write({**self._secrets, name: secret})

    def __delitem__(self, name: str) -> None:
        self._write({kept: secret for kept, secret in self._secrets.items() if kept != name})

    def __iter__(self) -> Iterator[str]:
        return iter(self._secrets)

    def __len__(self) -> int:
        return len(self._secrets)

    def _write(self, secrets: dict[str, Secret]) -> None:
        content = {"port": self._port, "secrets": {name: asdict(secret) for name, secret in secrets.items()}}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self._path, json.dumps(content, indent=1).encode())
        self._secrets = secrets


def _secret(kept: dict[str, Any]) -> Secret:
    versions = tuple(SecretVersion(**version) for version in kept["versions"])
    return Secret(deleted_at=kept["deleted_at"], name=kept["name"], versions=versions)


@dataclass(frozen=True, kw_only=True)
class KeyVersion:
    """A version of a key, as ARM needs to know it."""

    kty: str
    operations: tuple[str, ...]
    size: int
    version: str


class Vaults:
    """Every open vault.

    Args:
        folder: where the secrets are kept.
        authority: signs the vaults' certificates.
        store: the subscription, whose role assignments decide about every call.
        tokens: verifies callers.
    """

    def __init__(self, folder: Path, authority: CertificateAuthority, store: Store, tokens: TokenSigner) -> None:
        self._folder = folder
        self._authority = authority
        self._store = store
        self._tokens = tokens
        self._open: dict[str, tuple[KeyVault, Secrets, str]] = {}
        self._keys: dict[tuple[str, str], KeyVersion] = {}

    async def open(self, address: VaultAddress, *, purge_protection: bool, retention_days: int) -> str:
        """Serve a vault, at the address it had if it was served before, and return that address.

        Raises:
            StateError: the port of its address is taken, or its file cannot be read.
        """
        key = address.resource_id.lower()
        if key in self._open:
            return self._open[key][2]
        file = VaultFile(self._path(key))
        secrets = Secrets(file, purge_protection=purge_protection, retention_days=retention_days)
        vault = KeyVault(address=address, authorize=self._authorize, secrets=secrets, tokens=self._tokens)
        uri = await vault.start(self._authority.server_context(), file.port)
        file.port = int(uri.rstrip("/").rsplit(":", 1)[-1])
        self._open[key] = (vault, secrets, uri)
        return uri

    def secrets(self, vault_id: str) -> Secrets:
        """The secrets of an open vault. Raises KeyError when it is not open."""
        return self._open[vault_id.lower()][1]

    def create_key(
        self, vault_name: str, key_name: str, *, kty: str, size: int, operations: Sequence[str]
    ) -> KeyVersion:
        """Make the first version of a key, unless the vault has a key of the name."""
        made = KeyVersion(kty=kty, operations=tuple(operations), size=size, version=uuid4().hex)
        return self._keys.setdefault((vault_name.lower(), key_name.lower()), made)

    async def close(self, vault_id: str) -> None:
        """Stop serving a vault; its secrets stay, as those of a vault in deleted state do."""
        if opened := self._open.pop(vault_id.lower(), None):
            await opened[0].stop()

    def purge(self, vault_id: str) -> None:
        """Forget the secrets of a vault that is closed."""
        self._path(vault_id.lower()).unlink(missing_ok=True)

    async def stop(self) -> None:
        """Stop serving every vault."""
        for vault_id in list(self._open):
            await self.close(vault_id)

    def _path(self, key: str) -> Path:
        return self._folder / f"{sha256(key.encode()).hexdigest()[:16]}.json"

    def _authorize(self, object_id: str, action: str, scope: str) -> bool:
        roles = SECRET_READERS if action.endswith(_READING) else SECRET_WRITERS
        return is_granted(self._store, object_id, roles, scope)
