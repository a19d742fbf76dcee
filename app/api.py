"""The API: routes and layers, in order."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

from starlette.middleware import Middleware
from starlette.types import ASGIApp

from app.routes.catalog import RESOURCES
from app.web.auth import BearerAuth
from app.web.layers import Edge, layered
from app.web.operation import PROTECTED
from app.web.person_limit import PersonLimit
from app.web.state import ApiState

ROUTES: Final = tuple(route for resource in RESOURCES for route in resource.routes)
COSTLY: Final = tuple(
    (operation.method.upper(), operation.path)
    for resource in RESOURCES
    for operation in resource.operations
    if operation.costly
)
OPEN_PATHS: Final = frozenset(one.path for resource in RESOURCES for one in resource.operations if one.open)


def create_api(open_state: Callable[[], AbstractAsyncContextManager[ApiState]], edge: Edge) -> ASGIApp:
    """Make the API over the state that `open_state` opens, behind what stands in front of it."""
    layers = [
        Middleware(BearerAuth, protected=PROTECTED, unprotected=OPEN_PATHS),
        Middleware(PersonLimit, costly=COSTLY),
    ]
    return layered(ROUTES, layers, open_state, edge)
