"""Protobuf structs of the engine as plain dictionaries, and back.

On the wire every number is a double; ARM wants integers. Nulls are dropped, as the real provider drops them.
The provider declares no support for secrets, resources or outputs (like the real one, pulumi-azure-native
provider.go `Configure`), so the engine never sends their special objects; an unknown is a plain string.
"""

from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime.rpc import UNKNOWN

__all__ = ["UNKNOWN", "contains_unknown", "dump", "load"]


def load(struct: struct_pb2.Struct) -> dict[str, Any]:
    """A struct as a dictionary of plain values."""
    return {name: _plain(value) for name, value in struct.fields.items() if not value.HasField("null_value")}


def _plain(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return load(value.struct_value)
        case "list_value":
            return [_plain(item) for item in value.list_value.values]
        case _:
            return None


def dump(values: dict[str, Any]) -> struct_pb2.Struct:
    """A dictionary of plain values as a struct."""
    return json_format.ParseDict(values, struct_pb2.Struct())


def contains_unknown(value: Any) -> bool:
    """Whether a value is, or holds, one that only the deployment will tell."""
    if isinstance(value, dict):
        return any(contains_unknown(item) for item in value.values())  # pyright: ignore[reportUnknownVariableType] # plain JSON
    if isinstance(value, list):
        return any(contains_unknown(item) for item in value)  # pyright: ignore[reportUnknownVariableType] # plain JSON
    return value == UNKNOWN
