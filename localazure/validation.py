"""Inputs of a resource held against its shape, in the words of ARM.

Stricter than the real provider, on purpose: it drops a misspelt property with at most a logged warning and leaves the
verdict to ARM (local-azure.md section 2); here a typo fails the preview.
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from localazure.engine.wire import UNKNOWN
from localazure.shapes import (
    Anything,
    Choice,
    Constant,
    Items,
    Objects,
    Property,
    Scalar,
    Shape,
    Values,
    properties_of,
)

Problem = tuple[str, str]
"""Where (property path) and what."""


def problems(properties: Mapping[str, Property], value: Mapping[str, Any], at: str = "") -> Iterator[Problem]:
    """Everything wrong with one object. Values that only the deployment will tell pass."""
    for name, declared in properties.items():
        if declared.required and name not in value:
            yield _join(at, name), f"missing required property '{_join(at, name)}'"
    for name, item in value.items():
        where = _join(at, name)
        if name.startswith("__") or where == "azureApiVersion":
            continue
        if name in properties:
            yield from _value_problems(properties[name].shape, item, where)
        else:
            known = ", ".join(sorted(properties))
            yield (
                where,
                f"Could not find member '{name}' on object of type '{at or 'properties'}'. It has: {known}",
            )


def _join(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


def _value_problems(shape: Shape, value: Any, at: str) -> Iterator[Problem]:
    if value is None or value == UNKNOWN or isinstance(shape, Anything):
        return
    match shape:
        case Constant(constant):
            if value != constant:
                yield at, f"'{at}' must be '{constant}', not '{value}'"
        case Choice(values, _):
            # An open enum is treated as closed: a value outside the published list is nearly always a typo, and ARM
            # rejects most of them.
            if value not in values:
                yield at, f"'{value}' is not a valid value for '{at}'. Allowed: {', '.join(map(str, values))}"
        case Scalar(expected):
            yield from _scalar_problems(expected, value, at)
        case Objects(classes):
            yield from _object_problems(classes, value, at)
        case Items(of):
            yield from _list_problems(of, value, at)
        case Values(of):
            yield from _map_problems(of, value, at)


def _list_problems(of: Shape, value: Any, at: str) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield at, f"'{at}' should be an array"
        return
    for index, item in enumerate(cast("list[Any]", value)):
        yield from _value_problems(of, item, f"{at}[{index}]")


def _map_problems(of: Shape, value: Any, at: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield at, f"'{at}' should be an object"
        return
    for key, item in cast("dict[str, Any]", value).items():
        yield from _value_problems(of, item, f"{at}.{key}")


def _object_problems(classes: tuple[type, ...], value: Any, at: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield at, f"'{at}' should be an object"
        return
    members = cast("dict[str, Any]", value)
    matching = [c for c in classes if _constants_match(c, members)] or list(classes)
    yield from min((list(problems(properties_of(c), members, at)) for c in matching), key=len)


def _constants_match(arguments: type, value: Mapping[str, Any]) -> bool:
    declared = properties_of(arguments).items()
    return all(value.get(n) == p.shape.value for n, p in declared if isinstance(p.shape, Constant))


def _scalar_problems(expected: type, value: Any, at: str) -> Iterator[Problem]:
    given = type(value).__name__
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if expected is str and not isinstance(value, str):
        yield at, f"'{at}' should be of type 'string' but got a {given}: {value}"
    elif expected is bool and not isinstance(value, bool):
        yield at, f"'{at}' should be of type 'boolean' but got a {given}: {value}"
    elif expected in (int, float) and not number:
        yield at, f"'{at}' should be of type 'number' but got a {given}: {value}"
    elif expected is int and not isinstance(value, int):
        yield at, f"'{at}' must be an integer but got {value}"
