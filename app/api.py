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
from app.web.state import State

ROUTES: Final = tuple(route for resource in RESOURCES for route in resource.routes)
COSTLY: Final = tuple(
    (operation.method.upper(), operation.path)
    for resource in RESOURCES
    for operation in resource.operations
    if operation.costly
)

OPEN_PATHS: Final = frozenset(one.path for resource in RESOURCES for one in resource.operations if one.open)


def create_api(open_state: Callable[[], AbstractAsyncContextManager[State]], edge: Edge) -> ASGIApp:
    """Make the API over the state that `open_state` opens, behind what stands in front of it."""
    layers = [Middleware(BearerAuth, protected=PROTECTED), Middleware(PersonLimit, costly=COSTLY)]
    return layered(ROUTES, layers, open_state, edge)
def create_api(open_state: Callable[[], AbstractAsyncContextManager[State]], *, front_door_id: str) -> ASGIApp:
    """Make the API over the state that `open_state` opens, behind the Front Door of this id if it is not empty."""
    layers = [
        Middleware(FrontDoorOnly, front_door_id=front_door_id),
        Middleware(BearerAuth, protected=PROTECTED, unprotected=OPEN_PATHS),
    ]
    return layered(ROUTES, layers, open_state)
