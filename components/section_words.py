"""What a key of a section takes, in words: for people who wrote something else, and for the documentation."""

import json
from typing import Annotated, Any, Final

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

_KINDS: Final = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "an integer",
    "number": "a number",
    "string": "a text",
}


def expected(field: FieldInfo) -> str:
    """Return the kind of value that a key takes, in words."""
    return _KINDS.get(_schema(field).get("type", ""), "an object")


def allowed(field: FieldInfo) -> str:
    """Return the values that a key takes, in words."""
    if keys := getattr(field.annotation, "model_fields", None):
        return f"the keys {', '.join(keys)}"
    return _values(_schema(field))


def _values(facts: dict[str, Any]) -> str:
    match facts:
        case {"items": {"enum": values}}:
            return f"one or more of {', '.join(map(written, values))}"
        case {"enum": values}:
            return ", ".join(map(written, values))
        case {"const": value}:
            return written(value)
        case {"pattern": pattern}:
            return f"like {pattern}"
        case {"minimum": lowest, "maximum": highest, **more}:
            dash = "-" if lowest >= 0 else " to "
            step = f" in steps of {more['multipleOf']:g}" if "multipleOf" in more else ""
            return f"{lowest:g}{dash}{highest:g}{step}"
        case _:
            return "true, false"


def _schema(field: FieldInfo) -> dict[str, Any]:
    kind: Any = Annotated[field.annotation, field]
    facts = TypeAdapter[Any](kind).json_schema()
    return facts["anyOf"][0] if "anyOf" in facts else facts


def written(value: Any) -> str:
    """Return a value as it stands in a stack file."""
    return json.dumps(value, ensure_ascii=False)
