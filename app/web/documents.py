"""JSON in and out of requests, by msgspec."""

import json
from collections.abc import Iterable
from typing import Any, Final, cast

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.wire.documents import invalid

DEPTH_MAX: Final = 32
"""Levels of a document; none of ours has as many."""
_ENCODER: Final = msgspec.json.Encoder()


class Json(Response):
    """A response with a JSON body made of any value that msgspec encodes."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Encode the content."""
        return _ENCODER.encode(content)


def require_media_type(request: Request[Any], *media_types: str) -> None:
    """Refuse a body that is of none of these media types.

    Raises:
        HTTPException: 415.
    """
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in media_types:
        raise HTTPException(415, f"expected {' or '.join(media_types)}")


async def read_object(request: Request[Any], *media_types: str) -> dict[str, Any]:
    """Read the body as a JSON object.

    Raises:
        HTTPException: 415 when the body is of none of the media types, 400 when it is not JSON, nests too deep, or
            says the same thing twice (RFC 8259 leaves it open which one counts, so two readers may differ).
        Invalid: It is JSON but not an object.
    """
    require_media_type(request, *media_types)
    body = await request.body()
    try:
        document = msgspec.json.decode(body, type=dict[str, Any])
        json.loads(body, object_pairs_hook=_distinct)  # msgspec takes the last of the same name
    except msgspec.ValidationError as error:
        raise invalid(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HTTPException(400, "the body is not JSON") from error
    if _is_deep(document):
        raise HTTPException(400, f"expected a document of at most {DEPTH_MAX} levels")
    return document


def _distinct(members: list[tuple[str, Any]]) -> None:
    if len(dict(members)) < len(members):
        raise HTTPException(400, "expected each member of an object once")


def _is_deep(document: dict[str, Any]) -> bool:
    level: list[Any] = [document]
    for _ in range(DEPTH_MAX):
        level = [child for node in level for child in _children(node) if isinstance(child, (dict, list))]
        if not level:
            return False
    return True


def _children(node: Any) -> Iterable[Any]:
    return cast("dict[str, Any]", node).values() if isinstance(node, dict) else node
