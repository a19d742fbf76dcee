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
    facts = _schema(field)
    if "items" in facts:
        return f"one or more of {', '.join(written(value) for value in facts['items']['enum'])}"
    if "enum" in facts:
        return ", ".join(written(value) for value in facts["enum"])
    if "const" in facts:
        return written(facts["const"])
    if "pattern" in facts:
        return f"like {facts['pattern']}"
    if "minimum" in facts:
        lowest, highest = facts["minimum"], facts["maximum"]
        dash = "-" if lowest >= 0 else " to "
        step = f" in steps of {facts['multipleOf']:g}" if "multipleOf" in facts else ""
        return f"{lowest:g}{dash}{highest:g}{step}"
    return "true, false"


def _schema(field: FieldInfo) -> dict[str, Any]:
    kind: Any = Annotated[field.annotation, field]
    facts = TypeAdapter[Any](kind).json_schema()
    return facts["anyOf"][0] if "anyOf" in facts else facts


def written(value: Any) -> str:
    """Return a value as it stands in a stack file."""
    return json.dumps(value, ensure_ascii=False)
