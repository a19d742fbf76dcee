"""Differences between two sets of inputs, as the engine wants them told."""

from collections.abc import Iterator
from typing import Any, Literal, cast

Change = tuple[str, Literal["ADD", "DELETE", "UPDATE"]]


def differences(old: Any, new: Any, at: str = "") -> Iterator[Change]:
    """Every changed leaf as (property path, kind).

    Properties that begin with `__` belong to the engine. A top-level location is compared as Azure does: case and
    spaces do not count (pulumi-azure-native, provider/pkg/provider/diff.go).
    """
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _of_objects(cast("dict[str, Any]", old), cast("dict[str, Any]", new), at)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _of_lists(cast("list[Any]", old), cast("list[Any]", new), at)
    elif old != new and not (at == "location" and same_location(old, new)):
        yield at, "UPDATE"


def same_location(one: Any, other: Any) -> bool:
    """Whether two spellings name one region: `West Europe` and `westeurope`."""
    return short_location(str(one)) == short_location(str(other))


def short_location(location: str) -> str:
    """The form in which ARM answers: `West Europe` becomes `westeurope`."""
    return location.lower().replace(" ", "")


def _of_objects(old: dict[str, Any], new: dict[str, Any], at: str) -> Iterator[Change]:
    for key in sorted({*old, *new}):
        if key.startswith("__"):
            continue
        where = f"{at}.{key}" if at else key
        if key not in new:
            yield where, "DELETE"
        elif key not in old:
            yield where, "ADD"
        else:
            yield from differences(old[key], new[key], where)


def _of_lists(old: list[Any], new: list[Any], at: str) -> Iterator[Change]:
    for index in range(max(len(old), len(new))):
        where = f"{at}[{index}]"
        if index >= len(new):
            yield where, "DELETE"
        elif index >= len(old):
            yield where, "ADD"
        else:
            yield from differences(old[index], new[index], where)
