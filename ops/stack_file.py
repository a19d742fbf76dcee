"""A tracked stack file, read as strictly as the engine reads it."""

from pathlib import Path
from typing import Any, Final, cast

import yaml

from ops.target import UsageError

PROJECT: Final = "digitalmee"
RELEASE: Final = f"{PROJECT}:release"


class _Strict(yaml.SafeLoader):
    """Refuses a key that is there twice, as the engine does; PyYAML would take the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - as in the base
        """Make a dictionary of a mapping. Raises yaml.MarkedYAMLError for a key that is there twice."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f'"{key.value}" is there twice', problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def read_stack_file(path: Path) -> dict[str, Any]:
    """The configuration in a tracked stack file, `project:key` to value.

    Raises:
        UsageError: it is not there, not YAML, has a key twice, holds no mapping `config:`, or pins a release: what
            serves is remembered by the stack, and a release in the file would deploy an old one over it.
    """
    try:
        content: object = yaml.load(path.read_text(encoding="utf-8"), _Strict)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}. `git checkout {path.name}` brings it back."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name} is not YAML that can be used: {_words(error)}") from error
    top = cast("dict[str, Any]", content) if isinstance(content, dict) else {}
    if not isinstance(top.get("config"), dict):
        raise UsageError(f"{path.name} must hold a mapping `config:` with the sections of the stack.")
    config: dict[str, Any] = top["config"]
    if RELEASE in config:
        raise UsageError(f"{path.name} holds {RELEASE}: the stack remembers its release by itself; take it out.")
    return config


def _words(error: yaml.YAMLError | UnicodeDecodeError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
    return str(error)
