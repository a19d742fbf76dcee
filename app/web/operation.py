"""What an operation of the API is said to do, take and answer; `app.routes.openapi` renders it, tests compare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import msgspec
from starlette.routing import Route

from app.domain.operations import KEY_MAX
from app.wire.documents import LIMIT_DEFAULT, LIMIT_MAX

PROTECTED: Final = "/api/"
"""Every path below it needs a bearer token, also one that no route has."""
JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"

Schema = dict[str, Any]
"""A JSON schema, or a parameter that has one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One operation.

    Args:
        answer: Name of the schema of the successful answer; empty for none.
        body: Name of the schema of the request body; empty for none.
        events: Name of the schema of server-sent events that come in its place when the caller asks for them.
        also: Other statuses, each with the name of its schema.
        problems: Statuses answered with a problem document, beside those that every operation can answer.
        open: Whether it needs no bearer token although its path is protected.
        kept: Whether the answer has an entity tag and is not sent again to who names it (`app.web.cached`).
        costly: Whether it counts against the limit of what is costly, in all replicas; its path has no parameters then.
    """

    method: str
    path: str
    name: str
    summary: str
    status: int = 200
    answer: str = ""
    media_type: str = JSON
    body: str = ""
    body_types: tuple[str, ...] = (JSON,)
    parameters: tuple[Schema, ...] = ()
    headers: tuple[str, ...] = ()
    also: tuple[tuple[int, str], ...] = ()
    problems: tuple[int, ...] = ()
    open: bool = False
    kept: bool = False
    costly: bool = False
    events: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """One resource of the API.

    Args:
        routes: What answers.
        operations: What is said about the routes: one for each path and method.
        documents: The types whose schemas the operations name.
        schemas: Schemas that no type has, by name.
        patches: The name of the merge patch of a document, by the document's type.
    """

    routes: Sequence[Route]
    operations: Sequence[Operation]
    documents: Sequence[type[msgspec.Struct]] = ()
    schemas: Mapping[str, Schema] = field(default_factory=lambda: MappingProxyType({}))
    patches: Mapping[type[msgspec.Struct], str] = field(default_factory=lambda: MappingProxyType({}))


def parameter(name: str, place: str, description: str, schema: Schema) -> Schema:
    """Describe a parameter; `place` is path, query or header."""
    required = {"required": True} if place == "path" else {}
    return {"name": name, "in": place, "description": description, "schema": schema, **required}


LIMIT: Final = parameter(
    "limit",
    "query",
    "Most items to answer.",
    {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT},
)
CURSOR: Final = parameter("cursor", "query", "The cursor of the page before.", {"type": "string"})
IF_MATCH: Final = parameter("If-Match", "header", "Entity tags; it must have one of them.", {"type": "string"})
IF_NONE_MATCH: Final = parameter(
    "If-None-Match", "header", "Entity tags; the answer is not sent again if it has one of them.", {"type": "string"}
)
IDEMPOTENCY_KEY: Final = parameter(
    "Idempotency-Key",
    "header",
    "By which a repeated start is known: it is answered with the operation that the first one started, "
    "and refused with 422 when it asks for something else.",
    {"type": "string", "minLength": 1, "maxLength": KEY_MAX, "pattern": "^[\\x21-\\x7e]+$"},
)
