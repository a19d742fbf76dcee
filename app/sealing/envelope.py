"""How a sealed value is laid out, and what it is bound to.

One byte of format, eight that name the key, twelve of nonce, then AES-256-GCM (NIST SP 800-38D) of the text with its
tag. A nonce is random: with a key per person, the 2^32 values that the standard allows a key are out of reach.
"""

import hashlib
import hmac
import secrets
import struct
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.domain.models import Principal

KEY_BYTES: Final = 32
"""A data key."""
NONCE_BYTES: Final = 12
OVERHEAD_BYTES: Final = 37
"""What a sealed value is longer than its text in UTF-8."""

_FORMAT: Final = 1
_HEAD: Final = struct.Struct(f">B8s{NONCE_BYTES}s")


class DataKey:
    """A data key, and what is derived of it, once for all values: that took half the time of a value.

    Args:
        key: `KEY_BYTES`.
    """

    __slots__ = ("_key", "cipher", "name")

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.cipher = AESGCM(key)
        self.name = self.digest(b"name of the key")[:8]
        """Eight bytes that tell nothing of it."""

    def digest(self, content: bytes) -> bytes:
        """Return the HMAC-SHA-256 of this content."""
        return hmac.digest(self._key, content, hashlib.sha256)


def seal(key: DataKey, owner: Principal, place: str, value: str) -> bytes:
    """Encrypt a value for a person and a place."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    cipher = key.cipher.encrypt(nonce, value.encode(), _bound_to(_FORMAT, key.name, owner, place))
    return _HEAD.pack(_FORMAT, key.name, nonce) + cipher


def unseal(key: DataKey, owner: Principal, place: str, sealed: bytes) -> str:
    """Decrypt a value.

    Raises:
        ValueError: It was not sealed with this key, for this person and place, or it was changed since.
    """
    if len(sealed) < OVERHEAD_BYTES:
        raise ValueError(f"expected a sealed value of at least {OVERHEAD_BYTES} bytes, got {len(sealed)}")
    form, name, nonce = _HEAD.unpack_from(sealed)
    if form != _FORMAT or name != key.name:
        raise ValueError(f"sealed in format {form} with key {name.hex()}, expected {_FORMAT}, {key.name.hex()}")
    try:
        text = key.cipher.decrypt(nonce, sealed[_HEAD.size :], _bound_to(form, name, owner, place))
    except InvalidTag:
        raise ValueError(f"not sealed for this person and {place}, or changed since") from None
    return text.decode()


def index(key: DataKey, purpose: str, value: str) -> bytes:
    """Make the blind index of a value: HMAC-SHA-256, with the purpose set apart from the value."""
    return key.digest(_apart(purpose, value))


def _bound_to(form: int, name: bytes, owner: Principal, place: str) -> bytes:
    return bytes([form]) + name + _apart(place, owner.issuer, owner.subject)


def _apart(*texts: str) -> bytes:
    """Join texts so that no two lists are joined alike."""
    encoded = [text.encode() for text in texts]
    return b"".join([len(each).to_bytes(4) + each for each in encoded])
