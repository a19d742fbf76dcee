"""The description of the API (OpenAPI 3.1); schemas come from the types that do the work."""

from collections.abc import Sequence
from typing import Final

import msgspec

from app.web.operation import IF_NONE_MATCH, JSON, PROTECTED, Operation, Resource, Schema
from app.web.problems import MEDIA_TYPE, SLUGS, Problem

_OF_ALL: Final = (400, 408, 429, 431, 500, 503)
_OF_PROTECTED: Final = (401, 403, 410)
_FIELDS: Final = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}
"""Header fields that each problem of a status has."""


def describe(resources: Sequence[Resource]) -> Schema:
    """Describe an API of these resources."""
    paths: dict[str, Schema] = {}
    for operation in (operation for resource in resources for operation in resource.operations):
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "DigitalMe", "version": "1", "description": "A person's own things, over HTTP."},
        "paths": paths,
        "components": {
            "schemas": _schemas(resources),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _operation(operation: Operation) -> Schema:
    protected = operation.path.startswith(PROTECTED) and not operation.open
    problems = {*operation.problems, *_OF_ALL, *(_OF_PROTECTED if protected else ())}
    answers = {str(operation.status): _answer(operation), **{str(status): _problem(status) for status in problems}}
    answers |= {str(status): _content("Not now.", JSON, name) for status, name in operation.also}
    if operation.kept:
        answers["304"] = {"description": "You have it already.", "headers": _headers("ETag")}
    described: Schema = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [*operation.parameters, *((IF_NONE_MATCH,) if operation.kept else ())],
        "responses": dict(sorted(answers.items())),
    }
    if operation.body:
        schema = {"schema": _reference(operation.body)}
        described["requestBody"] = {"required": True, "content": dict.fromkeys(operation.body_types, schema)}
    if protected:
        described["security"] = [{"bearer": []}]
    return described


def _answer(operation: Operation) -> Schema:
    answer: Schema = {"description": "Done."}
    if operation.answer:
        answer |= _content("Done.", operation.media_type, operation.answer)
    if operation.events:
        answer["content"]["text/event-stream"] = {"schema": _reference(operation.events)}
    # What is kept has an entity tag, whatever it is.
    if headers := _headers(*operation.headers, *(("ETag",) if operation.kept else ())):
        answer["headers"] = headers
    return answer


def _headers(*names: str) -> Schema:
    return {name: {"schema": {"type": "string"}} for name in names}


def _content(description: str, media_type: str, name: str) -> Schema:
    return {"description": description, "content": {media_type: {"schema": _reference(name)}}}


def _problem(status: int) -> Schema:
    problem = _content(SLUGS[status], MEDIA_TYPE, "Problem")
    return {**problem, "headers": _headers(*_FIELDS[status])} if status in _FIELDS else problem


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _schemas(resources: Sequence[Resource]) -> Schema:
    types = {document for resource in resources for document in resource.documents} | {Problem}
    ordered = sorted(types, key=lambda document: document.__name__)
    _, schemas = msgspec.json.schema_components(ordered, ref_template="#/components/schemas/{name}")
    patches = {
        name: _patch_of(schemas[document.__name__], name)
        for resource in resources
        for document, name in resource.patches.items()
    }
    return {**schemas, **patches, **{name: s for resource in resources for name, s in resource.schemas.items()}}


def _patch_of(new: Schema, title: str) -> Schema:
    """Derive the merge patch of a document: nothing is required, and null takes away what is not."""
    properties: Schema = {}
    for name, schema in new["properties"].items():
        bare = {key: value for key, value in schema.items() if key != "default"}
        nullable = name in new["required"] or {"type": "null"} in bare.get("anyOf", ())
        properties[name] = bare if nullable else {"anyOf": [bare, {"type": "null"}]}
    return {"title": title, "type": "object", "properties": properties, "additionalProperties": False}
