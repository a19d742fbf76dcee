"""`Pulumi.schema.json`, made from the sections of `settings.py`: editors complete and check the stack files by it.

What spans keys, as memory that goes with cores, only the program itself checks.
"""

import json
from pathlib import Path
from typing import Any, Final

from settings import LOCATION, PROJECT, REGIONS, Settings
from tests.configuration import documented, sections
from tests.tape import ROOT

SCHEMA: Final[Path] = ROOT / "Pulumi.schema.json"
FIRST_LINE: Final = f"# yaml-language-server: $schema=./{SCHEMA.name}"


def stack_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a stack file."""
    shapes = Settings.model_json_schema()
    keys = {LOCATION: {"enum": [*REGIONS], "type": "string", "description": "The Azure region of every resource."}}
    for name, section, fields in sections():
        shape = shapes["$defs"][getattr(section.annotation, "__name__")]  # noqa: B009 - an annotation is any type
        meanings = documented(section.annotation)
        members = {key: _untitled(shape["properties"][key]) | {"description": meanings[key]} for key in fields}
        keys[f"{PROJECT}:{name}"] = _object(members, description=shape["description"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_object({"config": _object(keys)})}


def text() -> str:
    """Return the content of the file."""
    return json.dumps(stack_schema(), indent=2) + "\n"


def _object(members: dict[str, Any], **more: str) -> dict[str, Any]:
    return {"type": "object", **more, "properties": members, "required": [*members], "additionalProperties": False}


def _untitled(shape: dict[str, Any]) -> dict[str, Any]:
    return {keyword: rule for keyword, rule in shape.items() if keyword != "title"}
