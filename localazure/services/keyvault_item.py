"""What secrets and keys of a vault have in common."""

from collections.abc import Iterator
from typing import Any

from localazure.resource_type import name_problem
from localazure.validation import Problem


def item_name(inputs: dict[str, Any], key: str) -> Iterator[Problem]:
    """A name that a vault does not take (Microsoft Learn, "Naming rules and restrictions")."""
    return name_problem(inputs, key, r"[A-Za-z0-9-]{1,127}", "1-127 letters, digits and hyphens.")


def item_end(inputs: dict[str, Any]) -> Iterator[Problem]:
    """An end before the first second that can be written."""
    expires = inputs.get("properties", {}).get("attributes", {}).get("expires", 0)
    if expires < 0:
        yield "properties.attributes.expires", f"'{expires}' is before 1970"
