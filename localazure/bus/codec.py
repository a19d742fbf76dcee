"""The type system of AMQP 1.0, both ways.

A codec of our own, although the installed SDK has one: that one forgets types when it decodes (a long, an int and a
timestamp come out alike), and a broker has to hand on what it was given.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID


class DecodeError(ValueError):
    """Bytes that are not AMQP."""


class Symbol(str):
    """A name from a closed set."""

    __slots__ = ()


class UByte(int):
    """8 bits, unsigned."""


class UShort(int):
    """16 bits, unsigned."""


class UInt(int):
    """32 bits, unsigned."""


class ULong(int):
    """64 bits, unsigned."""


class Byte(int):
    """8 bits."""


class Short(int):
    """16 bits."""


class Int(int):
    """32 bits."""


class Long(int):
    """64 bits."""


class Timestamp(int):
    """Milliseconds since 1970."""


class Float(float):
    """32 bits; a plain float has 64."""


class Array(list[Any]):
    """Items of one type."""


@dataclass(frozen=True)
class Described:
    """A value with a descriptor, here always a number."""

    descriptor: int
    value: Any


@dataclass(frozen=True)
class Opaque:
    """A character or a decimal number: handed on as it came."""

    code: int
    content: bytes


_Fixed = tuple[struct.Struct, Callable[[Any], Any]]
_FIXED: Final[dict[int, _Fixed]] = {
    code: (struct.Struct(f">{form}"), make)
    for code, form, make in (
        (0x50, "B", UByte), (0x51, "b", Byte), (0x52, "B", UInt), (0x53, "B", ULong), (0x54, "b", Int),
        (0x55, "b", Long), (0x56, "?", bool), (0x60, "H", UShort), (0x61, "h", Short), (0x70, "I", UInt),
        (0x71, "i", Int), (0x72, "f", Float), (0x80, "Q", ULong), (0x81, "q", Long), (0x82, "d", float),
        (0x83, "q", Timestamp),
    )
}  # fmt: skip
_WIDE: Final[dict[type, tuple[int, struct.Struct]]] = {
    make: (code, struct.Struct(f">{form}"))
    for make, code, form in (
        (UByte, 0x50, "B"), (Byte, 0x51, "b"), (bool, 0x56, "?"), (UShort, 0x60, "H"), (Short, 0x61, "h"),
        (UInt, 0x70, "I"), (Int, 0x71, "i"), (Float, 0x72, "f"), (ULong, 0x80, "Q"), (Long, 0x81, "q"),
        (float, 0x82, "d"), (Timestamp, 0x83, "q"),
    )
}  # fmt: skip
_EMPTY: Final[dict[int, Callable[[], Any]]] = {
    0x40: lambda: None,
    0x41: lambda: True,
    0x42: lambda: False,
    0x43: lambda: UInt(0),
    0x44: lambda: ULong(0),
    0x45: list[Any],
}
_LENGTH, _PAIR = struct.Struct(">I"), struct.Struct(">II")
_DESCRIBED, _UUID = 0x00, 0x98
_OPAQUE: Final = {0x73: 4, 0x74: 4, 0x84: 8, 0x94: 16}
_TEXT: Final[dict[int, Callable[[bytes], Any]]] = {
    0x0: bytes,
    0x1: lambda content: content.decode(),
    0x3: lambda content: Symbol(content.decode("ascii")),
}


def decode(buffer: memoryview, at: int = 0) -> tuple[Any, int]:
    """Read one value, and give it with the place after it.

    Raises:
        DecodeError: There is no whole value.
    """
    try:
        value, end = _value(buffer[at], buffer, at + 1)
    except (IndexError, struct.error, TypeError, KeyError, ValueError, RecursionError) as error:
        raise DecodeError(f"not a value at byte {at}: {error!r}") from error
    if end > len(buffer):
        raise DecodeError(f"the value at byte {at} ends after the frame")
    return value, end


def _value(code: int, buffer: memoryview, at: int) -> tuple[Any, int]:
    if code in _FIXED:
        form, make = _FIXED[code]
        return make(form.unpack_from(buffer, at)[0]), at + form.size
    if code in _EMPTY:
        return _EMPTY[code](), at
    if code == _DESCRIBED:
        descriptor, at = _value(buffer[at], buffer, at + 1)
        value, at = _value(buffer[at], buffer, at + 1)
        return Described(descriptor, value), at
    if code == _UUID:
        return UUID(bytes=bytes(buffer[at : at + 16])), at + 16
    if code in _OPAQUE:
        return Opaque(code, bytes(buffer[at : at + _OPAQUE[code]])), at + _OPAQUE[code]
    return _sized(code, buffer, at)


def _sized(code: int, buffer: memoryview, at: int) -> tuple[Any, int]:
    family, kind = code >> 4, code & 0xF
    if family in (0xA, 0xB):
        size, at = (buffer[at], at + 1) if family == 0xA else (_LENGTH.unpack_from(buffer, at)[0], at + 4)  # noqa: PLR2004 - the format's own numbers
        return _TEXT[kind](bytes(buffer[at : at + size])), at + size
    narrow = family in (0xC, 0xE)
    size, count = (buffer[at], buffer[at + 1]) if narrow else _PAIR.unpack_from(buffer, at)
    end, at = at + size + (1 if narrow else 4), at + (2 if narrow else 8)
    if count > size:  # also what bounds the memory that a count can ask for: every item but an empty one is a byte
        raise DecodeError(f"{count} items in {size} bytes")
    if family in (0xE, 0xF):
        return _array(buffer, at, count), end
    items: list[Any] = []
    for _ in range(count):
        item, at = _value(buffer[at], buffer, at + 1)
        items.append(item)
    return (dict(zip(items[::2], items[1::2], strict=True)) if kind else items), end


def _array(buffer: memoryview, at: int, count: int) -> Array:
    items = Array()
    if not count:
        return items
    code, descriptor, at = buffer[at], None, at + 1
    if code == _DESCRIBED:
        descriptor, at = _value(buffer[at], buffer, at + 1)
        code, at = buffer[at], at + 1
    for _ in range(count):
        item, at = _value(code, buffer, at)
        items.append(item if descriptor is None else Described(descriptor, item))
    return items


def encode(value: Any) -> bytes:
    """Write one value. A plain int is refused: AMQP has nine kinds of them.

    Raises:
        TypeError: AMQP has no such value.
    """
    if value is None:
        return b"\x40"
    if isinstance(value, Described):
        return b"\x00\x53" + bytes((value.descriptor,)) + encode(value.value)
    if isinstance(value, Opaque):
        return bytes((value.code,)) + value.content
    code, content = _wide(value)
    return bytes((code,)) + content


def _wide(value: Any) -> tuple[int, bytes]:
    kind = cast("type[Any]", type(value))
    if kind in _WIDE:
        code, form = _WIDE[kind]
        return code, form.pack(value)
    if kind not in _ENCODERS:
        raise TypeError(f"AMQP has no {kind.__name__}: {value!r}")
    code, write = _ENCODERS[kind]
    return code, write(value)


def _with_array(items: Array) -> bytes:
    parts = [_wide(item) for item in items]
    code = parts[0][0] if parts else 0x40
    return _counted(len(parts), bytes((code,)) + b"".join(content for _, content in parts))


def _with_map(pairs: dict[Any, Any]) -> bytes:
    return _counted(2 * len(pairs), b"".join(encode(key) + encode(item) for key, item in pairs.items()))


def _with_length(content: bytes) -> bytes:
    return _LENGTH.pack(len(content)) + content


def _counted(count: int, content: bytes) -> bytes:
    return _PAIR.pack(len(content) + 4, count) + content


_ENCODERS: Final[dict[type, tuple[int, Callable[[Any], bytes]]]] = {
    Array: (0xF0, _with_array),
    Symbol: (0xB3, lambda text: _with_length(text.encode("ascii"))),
    UUID: (_UUID, lambda value: value.bytes),
    bytes: (0xB0, _with_length),
    dict: (0xD1, _with_map),
    list: (0xD0, lambda items: _counted(len(items), b"".join(map(encode, items)))),
    str: (0xB1, lambda text: _with_length(text.encode())),
}
