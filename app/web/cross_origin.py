"""Which pages of browsers may ask (the Fetch standard's CORS protocol).

Starlette's own middleware holds against an exact list: it compares origins as they are, without case folding, patterns
or sub-domains. Credentials are never allowed: callers prove themselves by a bearer token, not by a cookie. What is
refused here is refused to a page only; who may do what is up to the token.
"""

from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from app.web.fields import field
from app.web.problems import problem_response

METHODS: Final = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
REQUEST_HEADERS: Final = ("Authorization", "Idempotency-Key", "If-Match", "If-None-Match", "Traceparent")
"""Beside those that any page may send."""
ANSWER_HEADERS: Final = ("ETag", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id")
PREFLIGHT_S: Final = 600
"""How long a browser need not ask again; the longest that all of them keep it."""
_OK: Final = 200


class CrossOrigin(CORSMiddleware):
    """Lets pages of these origins read answers; a preflight that is refused gets a problem document.

    Args:
        app: What is asked.
        origins: Exactly as browsers write them.
    """

    def __init__(self, app: ASGIApp, *, origins: Sequence[str]) -> None:
        super().__init__(
            app,
            allow_origins=frozenset(origins),
            allow_methods=METHODS,
            allow_headers=REQUEST_HEADERS,
            allow_credentials=False,
            expose_headers=ANSWER_HEADERS,
            max_age=PREFLIGHT_S,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or not field(scope, b"origin"):  # most requests, at no price
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            answer = self.preflight_response(headers)
            if answer.status_code != _OK:
                refusal = HTTPException(400, "a page of this origin may not ask so", {"Vary": answer.headers["Vary"]})
                answer = problem_response(HTTPConnection(scope), refusal)
            await answer(scope, receive, send)
            return
        await super().__call__(scope, receive, send)
