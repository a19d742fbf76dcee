"""How values look in an export, and the JSON schema that says so."""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from app.domain.data_map import Kind, Table

_TYPES: Final[Mapping[Kind, Mapping[str, Any]]] = MappingProxyType(
    {
        Kind.BYTES: {"type": "string", "description": "base64"},
        Kind.FLAG: {"type": "boolean"},
        Kind.ID: {"type": "string", "format": "uuid"},
        Kind.JSON: {},
        Kind.MOMENT: {"type": "string", "format": "date-time"},
        Kind.MOMENTS: {"type": "array", "items": {"type": "string", "format": "date-time"}},
        Kind.NUMBER: {"type": "integer"},
        Kind.TEXT: {"type": "string"},
        Kind.TEXTS: {"type": "array", "items": {"type": "string"}},
    }
)


def schema_of(table: Table) -> Mapping[str, Any]:
    """Return the JSON schema of a line of a table's file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": table.name,
        "description": table.description,
        "type": "object",
        "properties": {column.name: {"anyOf": [_TYPES[column.kind], {"type": "null"}]} for column in table.exported},
        "required": [column.name for column in table.exported],
        "additionalProperties": False,
    }


def plain(value: Any, kind: Kind) -> Any:
    """Make a value of a row into one of JSON."""
    return value if value is None else _PLAIN.get(kind, _as_it_is)(value)


def _as_it_is(value: Any) -> Any:
    return value


def _moment(value: datetime) -> str:
    return value.isoformat()


_PLAIN: Final[Mapping[Kind, Callable[[Any], Any]]] = MappingProxyType(
    {
        Kind.BYTES: lambda value: base64.b64encode(value).decode(),
        Kind.ID: str,
        Kind.JSON: json.loads,
        Kind.MOMENT: _moment,
        Kind.MOMENTS: lambda values: [_moment(each) for each in values],
    }
)
