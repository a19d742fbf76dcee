"""Bearer tokens of requests (RFC 6750)."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any, Final

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.domain.errors import ProductError, Unauthenticated
from app.domain.models import Principal
from app.limits.limiter import require
from app.web.address_limit import network_of
from app.web.fields import fields
from app.web.problems import problem_response

PRINCIPAL: Final = "app.principal"
"""Where the scope of a request holds who calls, once that is known."""
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="api"'}
_INVALID_REQUEST: Final = {"WWW-Authenticate": 'Bearer realm="api", error="invalid_request"'}


def principal_of(request: Request[Any]) -> Principal:
    """Return the person who calls; there is one on every protected path."""
    principal: Principal = request.scope[PRINCIPAL]
    return principal


class BearerAuth:
    """Lets a request to a protected path pass only with one valid bearer token in its `Authorization` header.

    Args:
        app: What is protected.
        protected: What protected paths start with.
        unprotected: Paths among them that need no token, each exactly as it is.
        metadata: The address that tells a client where to get a token (RFC 9728), for a service that has one.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        protected: str,
        unprotected: AbstractSet[str] = frozenset(),
        metadata: Callable[[HTTPConnection[Any]], str] | None = None,
    ) -> None:
        self._app = app
        self._protected = protected
        self._unprotected = unprotected
        self._metadata = metadata

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or not self._protects(scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            scope[PRINCIPAL] = await _verified(scope, _bearer_token(scope))
        except (ProductError, HTTPException) as error:
            connection = HTTPConnection[Any](scope)
            refusal = problem_response(connection, error)
            if self._metadata and "WWW-Authenticate" in refusal.headers:
                refusal.headers["WWW-Authenticate"] += f', resource_metadata="{self._metadata(connection)}"'
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _protects(self, path: str) -> bool:
        return path.startswith(self._protected) and path not in self._unprotected


async def _verified(scope: Scope, token: str) -> Principal:
    """Verify a token. Who is refused too often is told so instead; a good token passes all the same."""
    try:
        return await scope["state"]["tokens"].verify(token)
    except Unauthenticated:
        require(await scope["state"]["limiter"].ask_refusal(network_of(scope)))
        raise


def _bearer_token(scope: Scope) -> str:
    credentials = fields(scope, b"authorization")
    # Most requests have no such parameter, nor anything that could be an escaped spelling of one.
    query: bytes = scope["query_string"]
    in_query = (b"access_token" in query or b"%" in query) and "access_token" in QueryParams(query)
    if in_query or len(credentials) > 1:
        raise HTTPException(400, "expected one bearer token, in the Authorization header only", _INVALID_REQUEST)
    scheme, _, token = "".join(credentials).partition(" ")
    if scheme.lower() != "bearer":
        raise HTTPException(401, "expected a bearer token", _CHALLENGE)
    return token
