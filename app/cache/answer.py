"""An answer as it is kept: encoded bytes and what goes with them."""

from dataclasses import dataclass
from typing import Final

import msgspec

VALUE_MAX: Final = 256 * 1024
"""Bytes of the longest answer that is kept."""
LIFE_S: Final = 120
"""How long answers live in Redis at most: what an unheard-of write (a crash before the cache is told) costs."""
_OVERHEAD: Final = 200
"""Bytes that an answer takes in memory beside its body, about."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What was answered; a status of 404 keeps that there is no such thing."""

    status: int
    etag: str
    media_type: str
    body: bytes

    @property
    def size(self) -> int:
        """Bytes that it takes in memory, about."""
        return len(self.body) + _OVERHEAD


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What Redis knows about a question: the version of its namespace, and the answer if there is one."""

    version: bytes
    answer: Answer | None


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """What stands in Redis. It names its own place, so that bytes that lie in another are never served from there."""

    key: str
    field: str
    status: int
    etag: str
    media_type: str
    body: bytes


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(_Kept)


def pack(key: str, field: str, answer: Answer) -> bytes:
    """Encode an answer for its place in Redis."""
    return _ENCODER.encode(_Kept(key, field, answer.status, answer.etag, answer.media_type, answer.body))


def unpack(key: str, field: str, value: bytes) -> Answer | None:
    """Decode what lay in a place of Redis; None when it is no answer, or one of another place."""
    try:
        kept = _DECODER.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if (kept.key, kept.field) != (key, field):
        return None
    return Answer(status=kept.status, etag=kept.etag, media_type=kept.media_type, body=kept.body)
