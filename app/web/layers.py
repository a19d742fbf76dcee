"""What every role that answers HTTP is made of: routes inside, then its own layers, then the ones that all have.

From the outside in, each for what comes further in:

1. `RequestLog`: the id of the request, its one log line, and no exception passes.
2. `AnswerFields`: security headers and limits on every answer, those of layers and failures too.
3. `CrossOrigin`: pages of browsers may read every answer, refusals and failures too.
4. Starlette's own: an unforeseen error becomes a problem document.
5. `FrontDoorOnly`, where there is one: before addresses count, as what it wrote about them is believed.
6. `AddressLimit`: before anything is made of the request.
7. `HeadLimit`, `BodyLimit`, `TimeLimit`: what a request may be and take.
8. The role's own: `OwnAddress` of the tool server, then `BearerAuth`, then `PersonLimit`.
9. Routes.

Before all of them `app.server.bounded_http` bounds the head.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.contract import LIVENESS_PATH, READINESS_PATH
from app.domain.errors import ProductError
from app.web import health
from app.web.address_limit import AddressLimit
from app.web.answer_fields import AnswerFields
from app.web.cross_origin import CrossOrigin
from app.web.front_door import FrontDoorOnly
from app.web.head_limit import HeadLimit
from app.web.limits import BodyLimit
from app.web.problems import handle
from app.web.request_log import RequestLog
from app.web.time_limit import TimeLimit

_Handler = Callable[[Request[Any]], Awaitable[Response]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Edge:
    """What stands between a role and its callers.

    Args:
        cors_origins: Origins of pages that may ask.
        front_door_id: The Front Door that every request must come through; empty for none.
        hops: Proxies of ours that requests come through, whose word about the caller's address counts.
    """

    cors_origins: tuple[str, ...] = ()
    front_door_id: str = ""
    hops: int = 0


def route(path: str, **handlers: _Handler) -> Route:
    """Make the one route of a path, so that a wrong method is told all the right ones."""
    return Route(path, _Endpoint(handlers), methods=[*handlers])


class _Endpoint:
    """Answers by the handler of the method.

    An application and no function: Starlette would catch a function's errors twice, at the price of a layer.
    """

    def __init__(self, handlers: Mapping[str, _Handler]) -> None:
        self._handlers = handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        request = Request[Any](scope, receive, send)
        answer = await self._handlers["GET" if request.method == "HEAD" else request.method](request)
        await answer(scope, receive, send)


def probed() -> Sequence[Route]:
    """Make the routes that the platform asks every role for."""
    return route(LIVENESS_PATH, GET=health.live), route(READINESS_PATH, GET=health.ReadyRoute())


def layered(
    routes: Sequence[BaseRoute],
    layers: Sequence[Middleware],
    open_state: Callable[[], AbstractAsyncContextManager[Mapping[str, Any]]],
    edge: Edge | None = None,
) -> ASGIApp:
    """Make an application.

    Args:
        routes: Beside `probed`.
        layers: The role's own, outermost first.
        open_state: Opens what requests can reach, for the lifetime of the application.
        edge: What stands in front; None for nothing.
    """
    edge = edge or Edge()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[Mapping[str, Any]]:
        async with open_state() as state:
            yield state

    app = Starlette(
        routes=[*routes, *probed()],
        middleware=[*inner(edge), *layers],
        exception_handlers=dict.fromkeys((ClientDisconnect, HTTPException, ProductError, Exception), handle),
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # one address per thing, and no redirect that is not a problem document
    return outer(app, edge)


def inner(edge: Edge) -> Sequence[Middleware]:
    """Return the layers that every role has inside of Starlette's own."""
    door = [Middleware(FrontDoorOnly, front_door_id=edge.front_door_id)] if edge.front_door_id else []
    return *door, Middleware(AddressLimit, hops=edge.hops), *map(Middleware, (HeadLimit, BodyLimit, TimeLimit))


def outer(app: Starlette, edge: Edge) -> ASGIApp:
    """Put the outermost layers around: Starlette's answer to an unforeseen error passes only what is outside of it."""
    return RequestLog(AnswerFields(CrossOrigin(app, origins=edge.cors_origins)), app.routes)
