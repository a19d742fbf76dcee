"""What a key vault keeps on disk: one file per vault, replaced at every change."""

import json
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from localazure.errors import StateError
from localazure.planes.files import write_atomically
from localazure.planes.key_store import Key, KeyVersion
from localazure.planes.vault_store import Secret, SecretVersion

_Kept = TypeVar("_Kept", Secret, Key)


class Section(MutableMapping[str, _Kept], Generic[_Kept]):
    """Things of one kind by name; a change counts when `write` has returned."""

    def __init__(self, content: dict[str, _Kept], write: Callable[[dict[str, _Kept]], None]) -> None:
        self._content = content
        self._write = write

    def __getitem__(self, name: str) -> _Kept:
        return self._content[name]

    def __setitem__(self, name: str, kept: _Kept) -> None:
        self._replace({**self._content, name: kept})

    def __delitem__(self, name: str) -> None:
        self._replace({other: kept for other, kept in self._content.items() if other != name})

    def __iter__(self) -> Iterator[str]:
        return iter(self._content)

    def __len__(self) -> int:
        return len(self._content)

    def _replace(self, content: dict[str, _Kept]) -> None:
        self._write(content)
        self._content = content


class VaultFile:
    """The secrets and keys of a vault by name, and the port that it had.

    Raises:
        StateError: the file holds something else.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
            self._port: int = content.get("port", 0)
            secrets = {name: _secret(kept) for name, kept in content.get("secrets", {}).items()}
            keys = {name: _key(kept) for name, kept in content.get("keys", {}).items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StateError(f"{path} does not hold the secrets of a vault ({error!r}); move the file away.") from error
        self.secrets: Section[Secret] = Section(secrets, lambda changed: self._write(secrets=changed))
        self.keys: Section[Key] = Section(keys, lambda changed: self._write(keys=changed))

    @property
    def port(self) -> int:
        """The port of the vault's address; zero before it has one."""
        return self._port

    @port.setter
    def port(self, port: int) -> None:
        self._port = port
        self._write()

    def _write(self, *, secrets: dict[str, Secret] | None = None, keys: dict[str, Key] | None = None) -> None:
        content = {
            "port": self._port,
            "secrets": _plain(self.secrets if secrets is None else secrets),
            "keys": _plain(self.keys if keys is None else keys),
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self._path, json.dumps(content, indent=1).encode())


def _plain(section: MutableMapping[str, Any]) -> dict[str, Any]:
    return {name: asdict(kept) for name, kept in section.items()}


def _secret(kept: dict[str, Any]) -> Secret:
    versions = tuple(SecretVersion(**version) for version in kept["versions"])
    return Secret(deleted_at=kept["deleted_at"], name=kept["name"], versions=versions)


def _key(kept: dict[str, Any]) -> Key:
    versions = (replace(KeyVersion(**each), operations=tuple(each["operations"])) for each in kept["versions"])
    return Key(name=kept["name"], versions=tuple(versions))
