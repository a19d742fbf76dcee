"""The checks that rules are put together from. Values that only the deployment will tell pass."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from policy.registration import UNKNOWN, Inputs, Registration, Secret, Tape
from policy.rule import InputCheck, TapeCheck


def value_at(inputs: Inputs, path: str) -> Any:
    """The value at a path such as `properties.sku.name`; None where it is not set."""
    value: Any = inputs
    for key in path.split("."):
        value = value.value if isinstance(value, Secret) else value
        if value == UNKNOWN:
            return UNKNOWN
        value = cast("Mapping[str, Any]", value).get(key) if isinstance(value, Mapping) else None
    return value.value if isinstance(value, Secret) else value


def items_at(inputs: Inputs, *paths: str) -> list[Any]:
    """The known items of the lists at some paths, one list after the other."""
    lists = [value_at(inputs, path) for path in paths]
    return [item for found in lists if isinstance(found, list) for item in cast("list[Any]", found) if item != UNKNOWN]


def values_at(inputs: Inputs, path: str) -> Iterator[Any]:
    """The values at a path that may lead through lists, as `connections.id`."""
    found: list[Any] = [inputs]
    for key in path.split("."):
        inner = [value if value == UNKNOWN else value_at(value, key) for value in found if value is not None]
        found = [item for value in inner for item in (cast("list[Any]", value) if isinstance(value, list) else [value])]
    yield from (value for value in found if value is not None)


def holds(path: str, test: Callable[[Any], bool], allowed: str) -> InputCheck:
    """The value at a path passes a test; `allowed` says in words what does."""

    def check(inputs: Inputs) -> str | None:
        value = value_at(inputs, path)
        return None if value == UNKNOWN or test(value) else f"{path} is {_shown(value)}; allowed: {allowed}"

    return check


def expect(path: str, *allowed: Any) -> InputCheck:
    """The value at a path is one of some, text in any case; None stands for a value that is not set."""
    folded = [_folded(item) for item in allowed]
    return holds(path, lambda value: _folded(value) in folded, " or ".join(_shown(item) for item in allowed))


def on(path: str) -> InputCheck:
    """The switch at a path is on."""
    return holds(path, lambda value: value is True, "true")


def not_off(path: str) -> InputCheck:
    """The switch at a path is on or not set: Azure's own default is on."""
    return holds(path, lambda value: value in (True, None), "true")


def off(path: str) -> InputCheck:
    """The switch at a path is off, in words: Azure's own default is on."""
    return holds(path, lambda value: value is False, "false")


def not_on(path: str) -> InputCheck:
    """The switch at a path is off or not set: Azure's own default is off."""
    return holds(path, lambda value: value in (False, None), "false")


def between(path: str, least: float, most: float) -> InputCheck:
    """The number at a path is in a range."""
    return holds(path, lambda value: _is_number(value) and least <= value <= most, f"{least} to {most}")


def given(path: str) -> InputCheck:
    """The value at a path is set and not empty."""
    return holds(path, lambda value: value not in (None, "", [], {}), "any value")


def matches(path: str, pattern: str, allowed: str) -> InputCheck:
    """The text at a path matches a pattern as a whole."""
    return holds(path, lambda value: bool(re.fullmatch(pattern, str(value))), allowed)


def all_of(*checks: InputCheck) -> InputCheck:
    """Several checks hold; the first that does not is told."""
    return lambda inputs: next((problem for check in checks if (problem := check(inputs))), None)


def each(*paths: str, check: InputCheck) -> InputCheck:
    """A check holds for each object in the lists at some paths."""

    def check_all(inputs: Inputs) -> str | None:
        for number, item in enumerate(items_at(inputs, *paths)):
            if problem := check(item):
                return f"{item.get('name') or f'number {number}'} of {' and '.join(paths)}: {problem}"
        return None

    return check_all


def where(path: str, value: Any, check: InputCheck) -> InputCheck:
    """A check holds for a resource that has a value at a path; others pass."""
    return lambda inputs: check(inputs) if _folded(value_at(inputs, path)) == _folded(value) else None


def known(*paths: str, check: InputCheck) -> InputCheck:
    """A check holds where the values at some paths are known; a preview's others pass."""
    return lambda inputs: None if any(value_at(inputs, path) == UNKNOWN for path in paths) else check(inputs)


def beside(types: tuple[str, ...], is_its: Callable[[Registration, Registration], bool], missing: str) -> TapeCheck:
    """A resource has another one of some types that belongs to it."""

    def check(registration: Registration, tape: Tape) -> str | None:
        return None if any(is_its(registration, other) for other in tape.of(*types)) else missing

    return check


def refers_to(*paths: str) -> Callable[[Registration, Registration], bool]:
    """Whether one of the ids at some paths of another resource is a resource's own or that of a part of it."""

    def is_its(registration: Registration, other: Registration) -> bool:
        return any(registration.is_named_in(value) for path in paths for value in values_at(other.inputs, path))

    return is_its


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _shown(value: Any) -> str:
    return "not set" if value is None else repr(value)
