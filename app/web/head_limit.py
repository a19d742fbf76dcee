"""The head of a request: how many header fields and parameters, and how long they are together."""

from itertools import chain
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from app.web.problems import problem_response

FIELDS_MAX: Final = 100
FIELD_BYTES_MAX: Final = 32 * 1024
"""Of all header fields together; the longest token that is looked at has half of it."""
QUERY_BYTES_MAX: Final = 8 * 1024
PARAMETERS_MAX: Final = 100


class HeadLimit:
    """Refuses what no client of this service sends, before anything is made of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        refusal = _refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
            return
        await problem_response(HTTPConnection(scope), refusal)(scope, receive, send)


def _refusal(scope: Scope) -> HTTPException | None:
    fields: list[tuple[bytes, bytes]] = scope["headers"]
    query: bytes = scope["query_string"]
    if len(fields) > FIELDS_MAX or sum(map(len, chain.from_iterable(fields))) > FIELD_BYTES_MAX:
        return HTTPException(431, f"expected at most {FIELDS_MAX} header fields of {FIELD_BYTES_MAX} bytes together")
    if len(query) > QUERY_BYTES_MAX or query.count(b"&") >= PARAMETERS_MAX:
        return HTTPException(400, f"expected at most {PARAMETERS_MAX} parameters of {QUERY_BYTES_MAX} bytes together")
    return None
