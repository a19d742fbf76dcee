"""The API: routes and layers, in order."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from app.contract import LIVENESS_PATH, READINESS_PATH
from app.domain.errors import ProductError
from app.web import docs_page, health, openapi, tasks
from app.web.auth import BearerAuth
from app.web.headers import SecurityHeaders
from app.web.limits import BodyLimit
from app.web.operations import DOCS_PATH, OPENAPI_PATH
from app.web.problems import handle
from app.web.request_log import RequestLog
from app.web.state import State

_Handler = Callable[[Request[State]], Awaitable[Response]]


def _route(path: str, **handlers: _Handler) -> Route:
    """Make the one route of a path, so that a wrong method is told all the right ones."""

    async def endpoint(request: Request[State]) -> Response:
        return await handlers["GET" if request.method == "HEAD" else request.method](request)

    return Route(path, endpoint, methods=[*handlers])


ROUTES: Final = (
    _route(LIVENESS_PATH, GET=health.live),
    _route(READINESS_PATH, GET=health.ready),
    _route(tasks.PATH, GET=tasks.list_tasks, POST=tasks.create_task),
    _route(tasks.PATH + "/{task_id}", GET=tasks.get_task, PATCH=tasks.change_task, DELETE=tasks.remove_task),
    _route(OPENAPI_PATH, GET=openapi.openapi),
    _route(DOCS_PATH, GET=docs_page.docs),
)


def create_api(open_state: Callable[[], AbstractAsyncContextManager[State]]) -> ASGIApp:
    """Make the application over the state that `open_state` opens for its lifetime."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[State]:
        async with open_state() as state:
            yield state

    app = Starlette(
        routes=ROUTES,
        middleware=[Middleware(BodyLimit), Middleware(BearerAuth)],
        exception_handlers=dict.fromkeys((ClientDisconnect, HTTPException, ProductError, Exception), handle),
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # one address per thing, and no redirect that is not a problem document
    # Outside Starlette, because its answer to an unforeseen error passes only what is outside.
    return RequestLog(SecurityHeaders(app))
