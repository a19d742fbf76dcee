"""The frames of AMQP 1.0 (transport, security and messaging parts of the standard)."""

import asyncio
import struct
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final

from localazure.bus.codec import (
    Array,
    DecodeError,
    Described,
    Symbol,
    UByte,
    UInt,
    ULong,
    UShort,
    decode,
    encode,
)
from localazure.bus.errors import BusError

SASL_HEADER, AMQP_HEADER = b"AMQP\x03\x01\x00\x00", b"AMQP\x00\x01\x00\x00"
EMPTY: Final = b"\x00\x00\x00\x08\x02\x00\x00\x00"
"""The heartbeat."""

ACCEPTED, REJECTED, RELEASED, MODIFIED = 0x24, 0x25, 0x26, 0x27
"""Outcomes of a delivery."""

_ERROR, _SOURCE, _TARGET = 0x1D, 0x28, 0x29
_HEADER: Final = struct.Struct(">IBBH")
_WORD: Final = 4
_NO_LIMIT, _NO_CHANNEL_LIMIT, _MIXED, _FIRST = UInt(0xFFFFFFFF), UShort(0xFFFF), UByte(2), UByte(0)


@dataclass(kw_only=True)
class Frame:
    """A performative: fields in the order of the standard, which may be left out at the end."""

    code: ClassVar[int]


@dataclass(kw_only=True)
class SaslMechanisms(Frame):
    """What the server lets clients log in by."""

    code = 0x40
    mechanisms: Array


@dataclass(kw_only=True)
class SaslInit(Frame):
    """How the client logs in."""

    code = 0x41
    mechanism: Symbol
    initial_response: bytes | None = None
    hostname: str | None = None


@dataclass(kw_only=True)
class SaslOutcome(Frame):
    """Whether it is logged in: zero is yes."""

    code = 0x44
    outcome: UByte
    additional_data: bytes | None = None


@dataclass(kw_only=True)
class Open(Frame):
    """Begins a connection; the idle time is in milliseconds."""

    code = 0x10
    container_id: str
    hostname: str | None = None
    max_frame_size: UInt = _NO_LIMIT
    channel_max: UShort = _NO_CHANNEL_LIMIT
    idle_time_out: UInt | None = None


@dataclass(kw_only=True)
class Begin(Frame):
    """Begins a session."""

    code = 0x11
    remote_channel: UShort | None = None
    next_outgoing_id: UInt
    incoming_window: UInt
    outgoing_window: UInt
    handle_max: UInt = _NO_LIMIT


@dataclass(kw_only=True)
class Attach(Frame):
    """Begins a link; the role is whether its sender of this frame receives."""

    code = 0x12
    name: str
    handle: UInt
    role: bool
    snd_settle_mode: UByte = _MIXED
    rcv_settle_mode: UByte = _FIRST
    source: Described | None = None
    target: Described | None = None
    unsettled: dict[Any, Any] | None = None
    incomplete_unsettled: bool = False
    initial_delivery_count: UInt | None = None
    max_message_size: ULong | None = None

    def address(self, terminus: Described | None) -> str | None:
        """The address of the source or the target."""
        return terminus.value[0] if terminus and terminus.value else None


@dataclass(kw_only=True)
class Flow(Frame):
    """Says how much a session, and a link if it has a handle, may send."""

    code = 0x13
    next_incoming_id: UInt | None = None
    incoming_window: UInt
    next_outgoing_id: UInt
    outgoing_window: UInt
    handle: UInt | None = None
    delivery_count: UInt | None = None
    link_credit: UInt | None = None
    available: UInt | None = None
    drain: bool = False
    echo: bool = False


@dataclass(kw_only=True)
class Transfer(Frame):
    """A message, or a part of one; the bytes follow the frame."""

    code = 0x14
    handle: UInt
    delivery_id: UInt | None = None
    delivery_tag: bytes | None = None
    message_format: UInt | None = None
    settled: bool | None = None
    more: bool = False
    rcv_settle_mode: UByte | None = None
    state: Described | None = None
    resume: bool | None = None
    aborted: bool | None = None


@dataclass(kw_only=True)
class Disposition(Frame):
    """What became of deliveries; the role is that of the sender of this frame."""

    code = 0x15
    role: bool
    first: UInt
    last: UInt | None = None
    settled: bool = False
    state: Described | None = None


@dataclass(kw_only=True)
class Detach(Frame):
    """Ends a link."""

    code = 0x16
    handle: UInt
    closed: bool = False
    error: Described | None = None


@dataclass(kw_only=True)
class End(Frame):
    """Ends a session."""

    code = 0x17
    error: Described | None = None


@dataclass(kw_only=True)
class Close(Frame):
    """Ends a connection."""

    code = 0x18
    error: Described | None = None


_FRAMES: Final[dict[int, type[Frame]]] = {kind.code: kind for kind in Frame.__subclasses__()}


def error_of(error: BusError) -> Described:
    """An error as AMQP carries it; the third field is there because the SDK reads it unasked."""
    return Described(_ERROR, [error.condition, str(error), None])


def source(address: str) -> Described:
    """Where a link's messages come from."""
    return Described(_SOURCE, [address])


def target(address: str) -> Described:
    """Where a link's messages go to."""
    return Described(_TARGET, [address])


def write(frame: Frame, channel: int, payload: bytes = b"") -> bytes:
    """Write a frame."""
    content = [getattr(frame, field.name) for field in fields(frame)]
    while content and content[-1] is None:
        content.pop()
    body = encode(Described(frame.code, content)) + payload
    sasl = 1 if isinstance(frame, SaslMechanisms | SaslOutcome) else 0
    return _HEADER.pack(_HEADER.size + len(body), 2, sasl, channel) + body


async def read(reader: asyncio.StreamReader, largest: int) -> tuple[int, Frame | None, bytes]:
    """Read a frame, and give its channel, the frame (None for a heartbeat) and what follows it.

    Raises:
        DecodeError: It is larger than `largest` bytes, or no frame of the standard.
        asyncio.IncompleteReadError: The client has gone.
    """
    size, offset, _, channel = _HEADER.unpack(await reader.readexactly(_HEADER.size))
    if not _HEADER.size <= size <= largest or offset * _WORD > size:
        raise DecodeError(f"a frame of {size} bytes (allowed {_HEADER.size} to {largest})")
    content = memoryview(await reader.readexactly(size - _HEADER.size))[offset * _WORD - _HEADER.size :]
    if not content:
        return channel, None, b""
    value, end = decode(content)
    try:
        kind = _FRAMES[value.descriptor]
        names = (field.name for field in fields(kind))
        given = {name: item for name, item in zip(names, value.value, strict=False) if item is not None}
        return channel, kind(**given), bytes(content[end:])
    except (AttributeError, KeyError, TypeError) as error:
        raise DecodeError(f"no frame of AMQP: {error!r}") from error
