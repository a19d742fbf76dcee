"""What a Key Vault keeps beside secrets: RSA keys with versions, and what may be done with them."""

import re
import time
import uuid
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from localazure.planes.vault_store import VaultError

_ALGORITHMS: Final = {"RSA-OAEP": hashes.SHA1, "RSA-OAEP-256": hashes.SHA256}
_EXPONENT: Final = 65537
_KINDS: Final = ("RSA", "RSA-HSM")
_NAME: Final = re.compile(r"[0-9a-zA-Z-]{1,127}")
_SIZES: Final = (2048, 3072, 4096)

OPERATIONS: Final = ("decrypt", "encrypt", "sign", "unwrapKey", "verify", "wrapKey")
"""What a key may be used for, unless its maker says less."""


@dataclass(frozen=True, kw_only=True)
class KeyVersion:
    """One RSA key pair. Times are seconds since 1970.

    Args:
        expires: From when on nothing new is wrapped with it.
        not_before: From when on something is.
        operations: What it may be used for, in the words of JSON web keys.
        private: The pair, as PKCS 8 in PEM.
    """

    created: int
    enabled: bool = True
    expires: int | None = None
    kind: str = "RSA"
    not_before: int | None = None
    operations: tuple[str, ...] = OPERATIONS
    private: str = field(repr=False)
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    updated: int
    version: str

    def pair(self) -> rsa.RSAPrivateKey:
        """Read the pair."""
        return _read_pair(self.private)


@dataclass(frozen=True, kw_only=True)
class Key:
    """A key: its versions, oldest first."""

    name: str
    versions: tuple[KeyVersion, ...]


@dataclass(frozen=True, kw_only=True)
class Lifetime:
    """What may be said about a version: whether it may be used, and between when; None leaves it as it is."""

    enabled: bool | None = None
    expires: int | None = None
    not_before: int | None = None


class Keys:
    """The operations of the data plane on a vault's keys.

    Texts: https://learn.microsoft.com/azure/key-vault/general/common-error-codes. What a disabled key, or one outside
    its time, may do: https://learn.microsoft.com/azure/key-vault/keys/about-keys-details.

    Args:
        store: The keys by name; changed in place, one whole key at a time.
        clock: Gives seconds since 1970.
    """

    def __init__(self, store: MutableMapping[str, Key], *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._store = store

    def all(self) -> list[Key]:
        """List the keys, by name."""
        return [self._store[name] for name in sorted(self._store)]

    def get(self, name: str) -> Key:
        """Give a key."""
        if found := self._store.get(name):
            return found
        raise VaultError(404, "KeyNotFound", _missing(name))

    def version(self, name: str, version: str = "") -> KeyVersion:
        """Give a version, disabled or not, or for an empty one the latest."""
        for candidate in reversed(self.get(name).versions):
            if version in {"", candidate.version}:
                return candidate
        raise VaultError(404, "KeyNotFound", _missing(f"{name}/{version}"))

    def create(
        self,
        name: str,
        *,
        kind: str = "RSA",
        size: int = 2048,
        operations: Sequence[str] = OPERATIONS,
        lifetime: Lifetime = Lifetime(),
        tags: Mapping[str, str] | None = None,
    ) -> KeyVersion:
        """Make a pair: the key's first version, or its next one."""
        if not _NAME.fullmatch(name):
            raise VaultError(400, "BadParameter", f"The request URI contains an invalid name: {name}")
        if kind not in _KINDS or size not in _SIZES:
            allowed = f"{' or '.join(_KINDS)} of {', '.join(map(str, _SIZES))} bits"
            raise VaultError(400, "BadParameter", f"'{kind}' of {size} bits is not imitated; {allowed} is.")
        if unknown := set(operations) - {*OPERATIONS}:
            raise VaultError(400, "BadParameter", f"key_ops has invalid values: {', '.join(sorted(unknown))}")
        made = KeyVersion(
            created=self._now(),
            enabled=lifetime.enabled is not False,
            expires=lifetime.expires,
            kind=kind,
            not_before=lifetime.not_before,
            operations=tuple(operations),
            private=_new_pair(size),
            tags=dict(tags or {}),
            updated=self._now(),
            version=uuid.uuid4().hex,
        )
        before = self._store[name].versions if name in self._store else ()
        self._store[name] = Key(name=name, versions=(*before, made))
        return made

    def rotate(self, name: str) -> KeyVersion:
        """Make a new version that may do what the latest may, without its end."""
        last = self.version(name)
        size = last.pair().key_size
        return self.create(name, kind=last.kind, size=size, operations=last.operations, tags=last.tags)

    def change(
        self,
        name: str,
        version: str,
        *,
        lifetime: Lifetime,
        operations: Sequence[str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> KeyVersion:
        """Change what is given of a version."""
        old = self.version(name, version)
        new = replace(
            old,
            enabled=old.enabled if lifetime.enabled is None else lifetime.enabled,
            expires=old.expires if lifetime.expires is None else lifetime.expires,
            not_before=old.not_before if lifetime.not_before is None else lifetime.not_before,
            operations=old.operations if operations is None else tuple(operations),
            tags=old.tags if tags is None else dict(tags),
            updated=self._now(),
        )
        key = self.get(name)
        self._store[name] = replace(key, versions=tuple(new if kept is old else kept for kept in key.versions))
        return new

    def wrap(self, name: str, version: str, algorithm: str, content: bytes) -> tuple[KeyVersion, bytes]:
        """Encrypt a key with a version that may be used now."""
        key = self._usable(name, version, "wrapKey")
        begins, ends = key.not_before or 0, key.expires
        if self._now() < begins or (ends is not None and self._now() >= ends):
            state, code = ("expired", "KeyExpired") if self._now() >= begins else ("not yet valid", "KeyNotYetValid")
            raise VaultError(403, "Forbidden", f"Operation wrapKey is not allowed on a key that is {state}.", code)
        try:
            return key, key.pair().public_key().encrypt(content, _padding(algorithm))
        except ValueError as error:
            raise VaultError(400, "BadParameter", "The value is too long for the key.") from error

    def unwrap(self, name: str, version: str, algorithm: str, content: bytes) -> tuple[KeyVersion, bytes]:
        """Decrypt a key that was wrapped with this version, also when the version's time is over."""
        key = self._usable(name, version, "unwrapKey")
        try:
            return key, key.pair().decrypt(content, _padding(algorithm))
        except ValueError as error:
            raise VaultError(400, "BadParameter", "The parameter is incorrect.") from error

    def _usable(self, name: str, version: str, operation: str) -> KeyVersion:
        key = self.version(name, version)
        if not key.enabled:
            text = f"Operation {operation} is not allowed on a disabled key."
            raise VaultError(403, "Forbidden", text, "KeyDisabled")
        if operation not in key.operations:
            text = f"Operation {operation} is not permitted on this key."
            raise VaultError(403, "Forbidden", text, "KeyOperationForbidden")
        return key

    def _now(self) -> int:
        return int(self._clock())


def _new_pair(size: int) -> str:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return rsa.generate_private_key(public_exponent=_EXPONENT, key_size=size).private_bytes(*form).decode()


@lru_cache  # reading checks the pair, which takes longer than using it
def _read_pair(private: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(private.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("what is kept is no RSA key")
    return key


def _padding(algorithm: str) -> padding.OAEP:
    if algorithm not in _ALGORITHMS:
        raise VaultError(400, "BadParameter", f"alg '{algorithm}' is not imitated; {' and '.join(_ALGORITHMS)} are.")
    digest = _ALGORITHMS[algorithm]
    return padding.OAEP(mgf=padding.MGF1(digest()), algorithm=digest(), label=None)


def _missing(name: str) -> str:
    return (
        f"A key with (name/id) {name} was not found in this key vault. If you recently deleted this key you may be "
        "able to recover it using the correct recovery command. For help resolving this issue, please see "
        "https://go.microsoft.com/fwlink/?linkid=2125182"
    )
