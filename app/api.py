"""The API: routes and layers, in order."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

from starlette.middleware import Middleware
from starlette.types import ASGIApp

from app.web import docs_page, openapi, tasks
from app.web.auth import BearerAuth
from app.web.front_door import FrontDoorOnly
from app.web.layers import layered, route
from app.web.operations import DOCS_PATH, OPENAPI_PATH, PROTECTED
from app.web.state import State

ROUTES: Final = (
    route(tasks.PATH, GET=tasks.list_tasks, POST=tasks.create_task),
    route(tasks.PATH + "/{task_id}", GET=tasks.get_task, PATCH=tasks.change_task, DELETE=tasks.remove_task),
    route(OPENAPI_PATH, GET=openapi.openapi),
    route(DOCS_PATH, GET=docs_page.docs),
)


def create_api(open_state: Callable[[], AbstractAsyncContextManager[State]], *, front_door_id: str) -> ASGIApp:
    """Make the API over the state that `open_state` opens, behind the Front Door of this id if it is not empty."""
    layers = [Middleware(FrontDoorOnly, front_door_id=front_door_id), Middleware(BearerAuth, protected=PROTECTED)]
    return layered(ROUTES, layers, open_state)
