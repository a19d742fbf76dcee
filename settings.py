"""The stack file as frozen, typed sections: the table of contents of `Pulumi.<stack>.yaml`.

Each section is declared in the file of the component that it sizes. Every problem of a file is reported at once, in the
words of the file, before any resource is registered.
"""

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Self

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env
from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from components.authentication import AuthenticationSettings
from components.database import DatabaseSettings
from components.environment import EnvironmentSettings
from components.observability import ObservabilitySettings
from components.platform import PlatformSettings
from components.registry import RegistrySettings
from components.section import Section, SectionConflictError
from components.vault import VaultSettings
from components.workload import WorkloadSettings
from release import Release

PROJECT = "digitalmee"
LOCATION = "azure-native:location"


class InvalidSettingsError(pulumi.RunError):
    """A stack file that cannot be deployed. The engine shows the text without a traceback."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(("the stack file cannot be used:", *(f"  {problem}" for problem in problems))))
        self.problems = problems


class Settings(Section):
    """Every section of a stack file, in its order."""

    platform: PlatformSettings
    observability: ObservabilitySettings
    registry: RegistrySettings
    vault: VaultSettings
    database: DatabaseSettings
    environment: EnvironmentSettings
    authentication: AuthenticationSettings
    api: WorkloadSettings
    release: Release = Release()
    """The override of one run; in no stack file."""

    @classmethod
    def load(cls) -> Self:
        """Read the settings of the stack that is being deployed. Raises InvalidSettingsError."""
        return cls.parse({**get_config_env(), **CONFIG.get()})

    @classmethod
    def parse(cls, config: Mapping[str, str]) -> Self:
        """Read settings from the engine's flat map, `project:key` to text (objects as JSON).

        Raises:
            InvalidSettingsError: With every problem of the file.
        """
        prefix = f"{PROJECT}:"
        sections = {key.removeprefix(prefix): _value(text) for key, text in config.items() if key.startswith(prefix)}
        problems = [] if config.get(LOCATION) else [f"{LOCATION}: missing (allowed a region, as swedencentral)"]
        try:
            settings = cls.model_validate(sections)
        except ValidationError as error:
            problems += [problem for details in error.errors() for problem in describe(details)]
        else:
            if not problems:
                return settings
        raise InvalidSettingsError(tuple(problems))


def describe(error: ErrorDetails) -> Iterator[str]:
    """Yield what is wrong, in the words of the stack file: key, value, what is allowed."""
    location = [str(part) for part in error["loc"]]
    key = f"{PROJECT}:{'.'.join(location)}"
    owner = Settings if len(location) == 1 else Settings.model_fields[location[0]].annotation
    fields: Mapping[str, FieldInfo] = getattr(owner, "model_fields", {})
    conflict = error.get("ctx", {}).get("error")
    if isinstance(conflict, SectionConflictError):
        yield from (f"{key}.{name}: {text}" for name, text in conflict.conflicts)
    elif error["type"] == "extra_forbidden":
        known = get_close_matches(location[-1], fields, n=3) or sorted(fields)
        yield f"{key}: unknown key (allowed {', '.join(known)})"
    else:
        field = fields[location[-1] if len(location) == 1 else location[1]]
        problem = (
            "missing" if error["type"] == "missing" else f"expected {expected(field)}, got {_json(error['input'])}"
        )
        yield f"{key}: {problem} (allowed {allowed(field)})"


def expected(field: FieldInfo) -> str:
    """Return the kind of value that a key takes, in words."""
    kind = schema(field).get("type", "object")
    return {"integer": "an integer", "number": "a number", "boolean": "true or false", "string": "a text"}.get(
        kind, "an object"
    )


def allowed(field: FieldInfo) -> str:
    """Return the values that a key takes, in words."""
    facts = schema(field)
    if "properties" in facts:
        return f"the keys {', '.join(facts['properties'])}"
    if "enum" in facts:
        return ", ".join(_json(value) for value in facts["enum"])
    if "pattern" in facts:
        return f"text like {facts['pattern']}"
    if "minimum" in facts:
        step = f" in steps of {facts['multipleOf']:g}" if "multipleOf" in facts else ""
        return f"{facts['minimum']:g}-{facts['maximum']:g}{step}"
    return "true, false"


def schema(field: FieldInfo) -> dict[str, Any]:
    """Return the JSON schema of one key."""
    annotation: Any = field.annotation
    return TypeAdapter[Any](annotation if not field.metadata else _annotated(annotation, field)).json_schema()


def _annotated(annotation: Any, field: FieldInfo) -> Any:
    from typing import Annotated

    return Annotated[annotation, *field.metadata]


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
