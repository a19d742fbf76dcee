"""What every role that answers HTTP is made of: routes inside, then its own layers, then the ones that all have."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from app.contract import LIVENESS_PATH, READINESS_PATH
from app.domain.errors import ProductError
from app.web import health
from app.web.headers import SecurityHeaders
from app.web.limits import BodyLimit
from app.web.problems import handle
from app.web.request_log import RequestLog

_Handler = Callable[[Request[Any]], Awaitable[Response]]


def route(path: str, **handlers: _Handler) -> Route:
    """Make the one route of a path, so that a wrong method is told all the right ones."""

    async def endpoint(request: Request[Any]) -> Response:
        return await handlers["GET" if request.method == "HEAD" else request.method](request)

    return Route(path, endpoint, methods=[*handlers])


PROBED: Sequence[Route] = (route(LIVENESS_PATH, GET=health.live), route(READINESS_PATH, GET=health.ready))
"""What the platform asks every role for."""


def layered(
    routes: Sequence[BaseRoute],
    layers: Sequence[Middleware],
    open_state: Callable[[], AbstractAsyncContextManager[Mapping[str, Any]]],
) -> ASGIApp:
    """Make an application.

    Args:
        routes: Beside `PROBED`.
        layers: Outermost first.
        open_state: Opens what requests can reach, for the lifetime of the application.
    """

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[Mapping[str, Any]]:
        async with open_state() as state:
            yield state

    app = Starlette(
        routes=[*PROBED, *routes],
        middleware=[Middleware(BodyLimit), *layers],
        exception_handlers=dict.fromkeys((ClientDisconnect, HTTPException, ProductError, Exception), handle),
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # one address per thing, and no redirect that is not a problem document
    # Outside Starlette, because its answer to an unforeseen error passes only what is outside.
    return RequestLog(SecurityHeaders(app), app.routes)
