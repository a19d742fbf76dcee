"""JSON in and out of requests, by msgspec."""

import re
from typing import Any, Final, TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.domain.errors import Invalid

_T = TypeVar("_T")
_ENCODER: Final = msgspec.json.Encoder()
_PLACE: Final = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_MEMBER: Final = re.compile(r"^Object (?:missing required|contains unknown) field `(?P<name>.*)`$", re.DOTALL)


class Json(Response):
    """A response with a JSON body made of any value that msgspec encodes."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Encode the content."""
        return _ENCODER.encode(content)


async def read_object(request: Request[Any], *media_types: str) -> dict[str, Any]:
    """Read the body as a JSON object.

    Raises:
        HTTPException: 415 when the body is of none of the media types, 400 when it is not JSON.
        Invalid: It is JSON but not an object.
    """
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in media_types:
        raise HTTPException(415, f"expected {' or '.join(media_types)}")
    try:
        return msgspec.json.decode(await request.body(), type=dict[str, Any])
    except msgspec.ValidationError as error:
        raise _invalid(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HTTPException(400, "the body is not JSON") from error


def fit(document: dict[str, Any], kind: type[_T]) -> _T:
    """Make a JSON object into a msgspec type.

    Raises:
        Invalid: It does not fit; names the first member at fault.
    """
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise _invalid(error) from error


def _invalid(error: msgspec.ValidationError) -> Invalid:
    """Turn msgspec's place, `$.a.b`, into a JSON pointer, `/a/b`."""
    text = str(error)
    place = _PLACE.search(text)
    pointer = place["path"].replace(".", "/") if place else ""
    detail = text[: place.start()] if place else text
    if member := _MEMBER.match(detail):
        pointer += "/" + member["name"].replace("~", "~0").replace("/", "~1")
    return Invalid(pointer, detail)
