"""COVERAGE.md: what is imitated, written from the code that imitates it."""

import inspect
import textwrap
from pathlib import Path
from typing import Final

from localazure.resource_type import ResourceType
from localazure.services.catalog import TYPES
from localazure.shapes import resource_shape

FILE: Final = Path(__file__).with_name("COVERAGE.md")

_HEAD: Final = """\
# What the embedded Azure imitates

Written by `python -m localazure coverage` from `localazure/services/`; a test holds it current. The shape of every type
(properties, nesting, required ones, allowed values) is that of the installed `pulumi_azure_native`; a property that is
misspelt fails the preview. A type that is not listed here fails as `NotSimulated`. What is left out on purpose is in
[NONGOALS.md](NONGOALS.md).
"""


def coverage() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *(_section(TYPES[token]) for token in sorted(TYPES))])


def _section(behaviour: type[ResourceType]) -> str:
    shape = resource_shape(behaviour.token)
    names = [name for name in shape.path_parameters if "{" + name + "}" in behaviour.path]
    rows = {
        "ARM path": f"`{behaviour.path}`",
        "API version": shape.api_version or "none",
        "what it is": _first_sentence(inspect.getdoc(behaviour)),
        "a change makes a new one": ", ".join(f"`{name}`" for name in sorted({*names, *behaviour.force_new})),
        "deleted ones stay recoverable": "yes" if behaviour.soft_deleted else "no",
        **{title: _docstring(behaviour, method) for title, method in _RULES.items() if method in vars(behaviour)},
    }
    table = "".join(f"| {title} | {text} |\n" for title, text in rows.items())
    return f"## `azure-native:{behaviour.token}`\n\n| | |\n|---|---|\n{table}"


_RULES: Final = {
    "refused in a preview": "refusals",
    "refused or done by a PUT": "put",
    "done after acceptance": "provision",
    "done by a DELETE": "delete",
    "done when the daemon starts again": "recover",
}
"""Title of a row by the method whose docstring it shows."""


def _docstring(behaviour: type[ResourceType], method: str) -> str:
    text = textwrap.dedent(inspect.getdoc(vars(behaviour)[method]) or "")
    return " ".join(text.replace("Raises:\n", "").replace("AzureError:", "Errors:").split())


def _first_sentence(docstring: str | None) -> str:
    return " ".join((docstring or "").split("\n\n", maxsplit=1)[0].split())
