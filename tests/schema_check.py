"""As much of JSON Schema 2020-12 as our two schemas use; a keyword it does not know is an error."""

import re
from collections.abc import Callable  # noqa: TC003 - annotates a local
from datetime import datetime
from typing import Any, cast
from uuid import UUID

_TYPES: dict[str, tuple[type, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "null": (type(None),),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}
_ELSEWHERE = {"$schema", "title", "description", "default", "properties", "additionalProperties", "items", "required"}
Schema = dict[str, Any]


def problems(value: Any, schema: Schema, root: Schema, place: str = "") -> list[str]:
    """List where the value breaks the schema; `root` is the document that references point into."""
    found: list[str] = []
    if "$ref" in schema:
        found += problems(value, _target(root, schema["$ref"]), root, place)
    if "anyOf" in schema and all(problems(value, one, root) for one in schema["anyOf"]):
        found.append(f"{place} fits none of {schema['anyOf']}")
    if isinstance(value, dict):
        found += _of_members(cast("Schema", value), schema, root, place)
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(cast("list[Any]", value)):
            found += problems(item, schema["items"], root, f"{place}/{index}")
    rules = {name: rule for name, rule in schema.items() if name not in {*_ELSEWHERE, "$ref", "anyOf"}}
    return found + [f"{place} breaks {n} {r}: {value!r}" for n, r in rules.items() if not _holds(n, r, value)]


def _of_members(value: Schema, schema: Schema, root: Schema, place: str) -> list[str]:
    found = [f"{place}/{name} is missing" for name in schema.get("required", ()) if name not in value]
    for name, member in value.items():
        rule = schema.get("properties", {}).get(name, schema.get("additionalProperties", True))
        if rule is False:
            found.append(f"{place}/{name} is too many")
        elif isinstance(rule, dict):
            found += problems(member, cast("Schema", rule), root, f"{place}/{name}")
    return found


def _target(root: Schema, reference: str) -> Schema:
    target: Any = root
    for part in reference.removeprefix("#/").split("/"):
        target = target[part]
    return target


def _holds(keyword: str, rule: Any, value: Any) -> bool:
    checks: dict[str, Callable[[], bool]] = {
        "type": lambda: isinstance(value, _TYPES[rule]) and (rule == "boolean" or not isinstance(value, bool)),
        "const": lambda: value == rule,
        "enum": lambda: value in rule,
        "format": lambda: _has_format(rule, value),
        "minLength": lambda: not isinstance(value, str) or len(value) >= rule,
        "maxLength": lambda: not isinstance(value, str) or len(value) <= rule,
        "minItems": lambda: not isinstance(value, list) or len(cast("list[Any]", value)) >= rule,
        "maxItems": lambda: not isinstance(value, list) or len(cast("list[Any]", value)) <= rule,
        "uniqueItems": lambda: not isinstance(value, list) or not _repeats(cast("list[Any]", value)),
        "minimum": lambda: not isinstance(value, (int, float)) or value >= rule,
        "maximum": lambda: not isinstance(value, (int, float)) or value <= rule,
        "multipleOf": lambda: not isinstance(value, (int, float)) or value % rule == 0,
        "pattern": lambda: not isinstance(value, str) or re.search(rule, value) is not None,
    }
    assert keyword in checks, f"teach {keyword} to tests/schema_check.py"
    return checks[keyword]()


def _repeats(items: list[Any]) -> bool:
    return any(item in items[:index] for index, item in enumerate(items))


def _has_format(name: str, value: Any) -> bool:
    if not isinstance(value, str):
        return True
    try:
        match name:
            case "uuid":
                return str(UUID(value)) == value
            case "date-time":
                return bool(re.search(r"(Z|[+-]\d\d:\d\d)$", value)) and bool(datetime.fromisoformat(value))
            case _:
                raise AssertionError(f"unknown format {name}")
    except ValueError:
        return False
