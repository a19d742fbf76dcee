"""A stream that is sealed piece by piece with a key of its own (AES-256-GCM).

The key serves one stream, so a piece's number is nonce enough; what it authenticates beside is the stream's name and
whether the piece is the last, so that pieces cannot be moved, mixed or cut off.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PIECE: Final = 4 * 1024 * 1024
"""Bytes of a piece, but for the last."""
_TAG: Final = 16
_SEALED: Final = PIECE + _TAG
_NONCE: Final = 12


def new_key() -> bytes:
    """Make a key for one stream."""
    return AESGCM.generate_key(256)


def plain_size(sealed_size: int) -> int:
    """Return the bytes of what is inside so many sealed bytes."""
    return sealed_size - _TAG * -(-sealed_size // _SEALED)


async def seal_pieces(key: bytes, name: str, content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Seal a stream; gives one piece at a time."""
    cipher, number = AESGCM(key), 0
    async for piece, is_last in _cut(content, PIECE):
        yield cipher.encrypt(number.to_bytes(_NONCE), piece, _beside(name, is_last=is_last))
        number += 1


async def open_pieces(key: bytes, name: str, content: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """Open a sealed stream.

    Raises:
        ValueError: It is not what was sealed with the key under the name.
    """
    cipher, number = AESGCM(key), 0
    async for piece, is_last in _cut(content, _SEALED):
        try:
            yield cipher.decrypt(number.to_bytes(_NONCE), piece, _beside(name, is_last=is_last))
        except InvalidTag as error:
            raise ValueError(f"piece {number} of {name} is not as it was sealed") from error
        number += 1


async def _cut(content: AsyncIterator[bytes], size: int) -> AsyncIterator[tuple[bytes, bool]]:
    """Cut a stream into pieces of this size, and tell the last, which may be shorter and is there at all times."""
    held = bytearray()
    async for more in content:
        held += more
        while len(held) > size:
            yield bytes(held[:size]), False
            del held[:size]
    yield bytes(held), True


def _beside(name: str, *, is_last: bool) -> bytes:
    return f"{name}|{'last' if is_last else 'more'}".encode()
