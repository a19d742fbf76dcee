"""JSON in and out of requests, by msgspec."""

from typing import Any, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.wire.documents import invalid

_ENCODER: Final = msgspec.json.Encoder()


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
        raise invalid(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HTTPException(400, "the body is not JSON") from error
