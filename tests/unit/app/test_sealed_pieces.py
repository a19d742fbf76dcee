"""Streams that are sealed piece by piece."""

from collections.abc import AsyncIterator

import pytest

from app.storage.sealed_pieces import PIECE, new_key, open_pieces, plain_size, seal_pieces

TAG = 16


async def stream(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def sealed(key: bytes, content: bytes) -> list[bytes]:
    cuts = [content[start : start + 1_000_003] for start in range(0, len(content), 1_000_003)]
    return [piece async for piece in seal_pieces(key, "a", stream(*cuts))]


async def opened(key: bytes, *pieces: bytes, name: str = "a") -> bytes:
    return b"".join([piece async for piece in open_pieces(key, name, stream(*pieces))])


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE])
async def test_a_stream_opens_to_what_was_sealed_however_it_is_cut(size: int) -> None:
    key, content = new_key(), bytes(size)
    pieces = await sealed(key, content)
    whole = b"".join(pieces)
    assert plain_size(len(whole)) == size
    assert await opened(key, whole[:7], whole[7:]) == content
    assert max(len(piece) for piece in pieces) <= PIECE + TAG


async def test_a_stream_that_was_changed_cut_off_mixed_or_moved_does_not_open() -> None:
    key = new_key()
    first, second, last = await sealed(key, bytes(2 * PIECE + 5))
    broken = bytes([last[0] ^ 1]) + last[1:]
    for pieces in ((first, second), (second, first, last), (first, second, broken), (first, last), ()):
        with pytest.raises(ValueError, match="not as it was sealed"):
            await opened(key, *pieces)
    with pytest.raises(ValueError, match="not as it was sealed"):
        await opened(key, first, second, last, name="b")
    with pytest.raises(ValueError, match="not as it was sealed"):
        await opened(new_key(), first, second, last)
