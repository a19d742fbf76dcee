"""What a Key Vault keeps: secrets with versions and soft delete, as plain data in a mapping that the caller owns."""

import re
import time
import uuid
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Final

_DAY_SECONDS: Final = 86400
_NAME: Final = re.compile(r"[0-9a-zA-Z-]{1,127}")
_VALUE_BYTES: Final = 25600


@dataclass(frozen=True, kw_only=True)
class SecretVersion:
    """One value of a secret. Times are seconds since 1970."""

    content_type: str | None = None
    created: int
    enabled: bool = True
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    updated: int
    value: str
    version: str


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A secret: its versions, oldest first, and when it was deleted, in seconds since 1970, if it is."""

    deleted_at: int | None = None
    name: str
    versions: tuple[SecretVersion, ...]


class VaultError(Exception):
    """Key Vault refuses: HTTP status, code and text as Azure gives them, and the inner code if there is one."""

    def __init__(self, status: int, code: str, message: str, inner: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.inner = inner
        self.status = status


class Secrets:
    """The operations of the data plane on a vault's secrets.

    Texts: https://learn.microsoft.com/azure/key-vault/general/common-error-codes and, for a deleted name,
    https://github.com/ironmansoftware/powershell-universal/issues/1990.

    Args:
        store: The secrets by name; changed in place, one whole secret at a time.
        purge_protection: Whether a deleted secret must wait for its purge date.
        retention_days: Days from deletion to the purge date.
        clock: Gives seconds since 1970.

    """

    def __init__(
        self,
        store: MutableMapping[str, Secret],
        *,
        purge_protection: bool,
        retention_days: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._purge_protection = purge_protection
        self._retention_days = retention_days
        self._store = store

    def live(self) -> list[Secret]:
        """List the secrets that are not deleted, by name."""
        return [self._store[name] for name in sorted(self._store) if self._store[name].deleted_at is None]

    def deleted(self) -> list[Secret]:
        """List the deleted secrets that wait for their purge date, by name."""
        self._purge_overdue()
        return [self._store[name] for name in sorted(self._store) if self._store[name].deleted_at is not None]

    def get(self, name: str) -> Secret:
        """Give a secret that is not deleted."""
        secret = self._store.get(name)
        if secret is None or secret.deleted_at is not None:
            raise VaultError(404, "SecretNotFound", _missing(name))
        return secret

    def read(self, name: str, version: str) -> SecretVersion:
        """Give a version, or for an empty one the latest; a disabled one is refused."""
        found = self.version(name, version)
        if not found.enabled:
            text = "Operation get is not allowed on a disabled secret."
            raise VaultError(403, "Forbidden", text, "SecretDisabled")
        return found

    def version(self, name: str, version: str) -> SecretVersion:
        """Give a version, disabled or not, or for an empty one the latest."""
        for candidate in reversed(self.get(name).versions):
            if version in {"", candidate.version}:
                return candidate
        raise VaultError(404, "SecretNotFound", _missing(f"{name}/{version}"))

    def get_deleted(self, name: str) -> Secret:
        """Give a deleted secret."""
        self._purge_overdue()
        secret = self._store.get(name)
        if secret is None or secret.deleted_at is None:
            raise VaultError(404, "SecretNotFound", f"Deleted Secret not found: {name}")
        return secret

    def set(
        self,
        name: str,
        value: str,
        *,
        content_type: str | None = None,
        enabled: bool = True,
        tags: Mapping[str, str] | None = None,
    ) -> SecretVersion:
        """Add a version; a name that is deleted and not yet purged is refused."""
        if not _NAME.fullmatch(name):
            raise VaultError(400, "BadParameter", f"The request URI contains an invalid name: {name}")
        if len(value.encode()) > _VALUE_BYTES:
            text = f"The secret value is longer than {_VALUE_BYTES} bytes."
            raise VaultError(400, "BadParameter", text)
        self._purge_overdue()
        before = self._store.get(name)
        if before is not None and before.deleted_at is not None:
            text = (
                f"Secret {name} is currently in a deleted but recoverable state, and its name cannot be reused; "
                "in this state, the secret can only be recovered or purged."
            )
            raise VaultError(409, "Conflict", text, "ObjectIsDeletedButRecoverable")
        added = SecretVersion(
            content_type=content_type,
            created=self._now(),
            enabled=enabled,
            tags=dict(tags or {}),
            updated=self._now(),
            value=value,
            version=uuid.uuid4().hex,
        )
        self._store[name] = Secret(name=name, versions=(*(before.versions if before else ()), added))
        return added

    def change(
        self,
        name: str,
        version: str,
        *,
        content_type: str | None,
        enabled: bool | None,
        tags: Mapping[str, str] | None,
    ) -> SecretVersion:
        """Change what is given of a version, its value excepted."""
        old = self.version(name, version)
        new = replace(
            old,
            content_type=old.content_type if content_type is None else content_type,
            enabled=old.enabled if enabled is None else enabled,
            tags=old.tags if tags is None else dict(tags),
            updated=self._now(),
        )
        secret = self.get(name)
        self._store[name] = replace(secret, versions=tuple(new if v is old else v for v in secret.versions))
        return new

    def delete(self, name: str) -> Secret:
        """Delete a secret softly."""
        deleted = replace(self.get(name), deleted_at=self._now())
        self._store[name] = deleted
        return deleted

    def recover(self, name: str) -> Secret:
        """Take a deletion back."""
        recovered = replace(self.get_deleted(name), deleted_at=None)
        self._store[name] = recovered
        return recovered

    def purge(self, name: str) -> None:
        """Remove a deleted secret for good, unless the vault forbids it."""
        self.get_deleted(name)
        if self._purge_protection:
            text = (
                'Operation "purge" is not allowed because purge protection is enabled for this vault. '
                "Key Vault service will automatically purge it after the retention period has passed."
            )
            raise VaultError(403, "Forbidden", text, "ForbiddenByPolicy")
        del self._store[name]

    def purge_date(self, deleted_at: int) -> int:
        """Give the time, in seconds since 1970, at which a deleted secret goes by itself."""
        return deleted_at + self._retention_days * _DAY_SECONDS

    def _purge_overdue(self) -> None:
        for name, secret in list(self._store.items()):
            if secret.deleted_at is not None and self.purge_date(secret.deleted_at) <= self._now():
                del self._store[name]

    def _now(self) -> int:
        return int(self._clock())


def _missing(name: str) -> str:
    return (
        f"A secret with (name/id) {name} was not found in this key vault. If you recently deleted this secret "
        "you may be able to recover it using the correct recovery command. For help resolving this issue, "
        "please see https://go.microsoft.com/fwlink/?linkid=2125182"
    )
