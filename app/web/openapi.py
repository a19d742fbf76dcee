"""The description of the API (OpenAPI 3.1) at `/openapi.json`; schemas come from the types that do the work."""

from typing import Any, Final

import msgspec
from starlette.requests import Request

from app.web.documents import Json
from app.web.health import Alive, Readiness
from app.web.operations import JSON, OPERATIONS, PROTECTED, Operation
from app.web.problems import MEDIA_TYPE, SLUGS, Problem
from app.web.state import State
from app.wire import NewTask, TaskDocument, TaskPageDocument

_Schema = dict[str, Any]

_OF_PROTECTED: Final = (400, 401, 503)


def describe() -> _Schema:
    """Make the description."""
    paths: dict[str, _Schema] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "DigitalMe", "version": "1", "description": "A person's own things, over HTTP."},
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _operation(operation: Operation) -> _Schema:
    protected = operation.path.startswith(PROTECTED)
    problems = {*operation.problems, 500, *(_OF_PROTECTED if protected else ())}
    answers = {str(operation.status): _answer(operation), **{str(status): _problem(status) for status in problems}}
    answers |= {str(status): _content("Not now.", JSON, name) for status, name in operation.also}
    described: _Schema = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": list(operation.parameters),
        "responses": dict(sorted(answers.items())),
    }
    if operation.body:
        schema = {"schema": _reference(operation.body)}
        described["requestBody"] = {"required": True, "content": dict.fromkeys(operation.body_types, schema)}
    if protected:
        described["security"] = [{"bearer": []}]
    return described


def _answer(operation: Operation) -> _Schema:
    answer: _Schema = {"description": "Done."}
    if operation.answer:
        answer |= _content("Done.", operation.media_type, operation.answer)
    if operation.headers:
        answer["headers"] = {name: {"schema": {"type": "string"}} for name in operation.headers}
    return answer


def _content(description: str, media_type: str, name: str) -> _Schema:
    return {"description": description, "content": {media_type: {"schema": _reference(name)}}}


def _problem(status: int) -> _Schema:
    return _content(SLUGS[status], MEDIA_TYPE, "Problem")


def _reference(name: str) -> _Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _schemas() -> _Schema:
    types = (Alive, NewTask, Problem, Readiness, TaskDocument, TaskPageDocument)
    _, schemas = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    return {
        **schemas,
        "TaskPatch": _patch_of(schemas["NewTask"]),
        "OpenApi": {"type": "object", "required": ["openapi", "info", "paths"]},
        "Html": {"type": "string"},
    }


def _patch_of(new: _Schema) -> _Schema:
    """Derive the merge patch of a document: nothing is required, and null takes away what is not."""
    properties: _Schema = {}
    for name, schema in new["properties"].items():
        bare = {key: value for key, value in schema.items() if key != "default"}
        nullable = name in new["required"] or {"type": "null"} in bare.get("anyOf", ())
        properties[name] = bare if nullable else {"anyOf": [bare, {"type": "null"}]}
    return {"title": "TaskPatch", "type": "object", "properties": properties, "additionalProperties": False}


async def openapi(_request: Request[State]) -> Json:
    """Answer the description."""
    return Json(describe())
