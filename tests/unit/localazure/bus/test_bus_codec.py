"""AMQP values keep their types both ways."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localazure.bus import codec
from localazure.bus.codec import Array, DecodeError, Described, Opaque, Symbol, decode, encode

_INTEGERS = {
    codec.Byte: (-(2**7), 2**7 - 1),
    codec.Int: (-(2**31), 2**31 - 1),
    codec.Long: (-(2**63), 2**63 - 1),
    codec.Short: (-(2**15), 2**15 - 1),
    codec.Timestamp: (0, 2**63 - 1),
    codec.UByte: (0, 2**8 - 1),
    codec.UInt: (0, 2**32 - 1),
    codec.ULong: (0, 2**64 - 1),
    codec.UShort: (0, 2**16 - 1),
}
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=20),
    st.binary(max_size=20),
    st.uuids(),
    st.floats(allow_nan=False),
    st.from_regex(r"[a-z:-]{0,20}", fullmatch=True).map(Symbol),
    *(st.integers(*limits).map(kind) for kind, limits in _INTEGERS.items()),
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)),
    max_leaves=10,
)


def _typed(value: Any) -> Any:
    if isinstance(value, list):
        return [_typed(item) for item in value]  # pyright: ignore[reportUnknownVariableType] - any value
    if isinstance(value, dict):
        return {key: _typed(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType] - any value
    return type(value), value


@settings(max_examples=50, deadline=None)
@given(_VALUES)
def test_a_value_comes_back_with_its_type(value: Any) -> None:
    content = encode(value)
    back, end = decode(memoryview(content))
    assert _typed(back) == _typed(value)
    assert end == len(content)


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ("41", True),
        ("5601", True),
        ("43", 0),
        ("44", 0),
        ("45", []),
        ("5207", 7),
        ("53ff", 255),
        ("54ff", -1),
        ("55fe", -2),
        ("a10161", "a"),
        ("a30161", "a"),
        ("a00161", b"a"),
        ("c0030241 42".replace(" ", ""), [True, False]),
        ("c10502a1016b41", {"k": True}),
        ("e0040254 0102".replace(" ", ""), [1, 2]),
        ("0053244 5".replace(" ", ""), Described(0x24, [])),
        ("98" + "00" * 15 + "01", UUID(int=1)),
        ("7300000041", Opaque(0x73, b"\0\0\0A")),
    ],
)
def test_the_short_forms_that_clients_send_are_read(content: str, value: Any) -> None:
    assert decode(memoryview(bytes.fromhex(content))) == (value, len(content) // 2)


def test_an_array_has_its_type_once() -> None:
    tokens = Array([UUID(int=1), UUID(int=2)])
    content = encode(tokens)
    assert len(content) == 1 + 4 + 4 + 1 + 2 * 16
    assert decode(memoryview(content))[0] == tokens


def test_an_array_of_described_values_is_read() -> None:
    assert decode(memoryview(bytes.fromhex("e0050100532440")))[0] == [Described(0x24, None)]


@pytest.mark.parametrize(
    "content",
    ["", "a105", "d0ffffffffffffffff", "c1030141", "01", "00" * 5000, "a101ff", "a301ff", "c10602c04500" + "4041"],
)
def test_what_is_no_value_is_refused(content: str) -> None:
    with pytest.raises(DecodeError):
        decode(memoryview(bytes.fromhex(content)))


def test_a_plain_number_is_refused_because_it_has_no_type() -> None:
    with pytest.raises(TypeError, match="AMQP has no int: 5"):
        encode(5)
