"""What the operations of a vault's data plane have in common: what they are asked, and how they are listed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from localazure.planes.vault_store import VaultError

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A call that is allowed.

    Args:
        uri: The vault's own address, with a slash at its end.
        name: The secret or key; empty for all of them.
        version: Its version; empty for the latest.
        body: The body's members.
    """

    uri: str
    name: str = ""
    version: str = ""
    body: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, kw_only=True)
class Offered:
    """An operation: where it is, the data action that it needs, and what it does.

    The actions: https://learn.microsoft.com/azure/key-vault/general/rbac-guide
    """

    method: str
    path: str
    action: str
    do: Callable[[Asked], Json | None]


def page(items: list[Json]) -> Json:
    """Make the one page of a list."""
    return {"nextLink": None, "value": items}


def attribute(asked: Asked, name: str, kind: type[bool | int]) -> Any:
    """Read one of the attributes; None when it is not given."""
    attributes: Any = asked.body.get("attributes") or {}
    given: Any = cast("Json", attributes).get(name) if isinstance(attributes, dict) else attributes
    if given is not None and type(given) is not kind:
        expected = "true or false" if kind is bool else "a number"
        raise VaultError(400, "BadParameter", f"attributes.{name} must be {expected}, not {given!r}.")
    return given
