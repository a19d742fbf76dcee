"""What logs and telemetry say of a path: the template of its route, never what a caller wrote into it."""

from collections.abc import Sequence
from typing import Final

from starlette.routing import BaseRoute, Route
from starlette.types import Scope

UNROUTED: Final = "unrouted"
"""The route of a request that was refused before it had one, or has none."""
SEGMENTS_MAX: Final = 8
"""Segments of a path without a route that are shown."""
_WITHHELD: Final = "{}"


def route_of(scope: Scope) -> str:
    """Return the template of the request's route."""
    route = scope.get("route")
    return route.path if isinstance(route, Route) else UNROUTED


class ShownPaths:
    """Shows paths: of one without a route, the segments that are words of the service.

    Args:
        routes: Of the service.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        templates = (route.path for route in routes if isinstance(route, Route))
        segments = {segment for template in templates for segment in template.split("/")}
        self._words = frozenset(segment for segment in segments if "{" not in segment)

    def of(self, scope: Scope, route: str) -> str:
        """Return the path of a request as it may be shown: the template of its route (`route_of`), if it has one."""
        if route is not UNROUTED:
            return route
        first, *segments = scope["path"].split("/", SEGMENTS_MAX + 1)
        shown = [segment if segment in self._words else _WITHHELD for segment in segments[:SEGMENTS_MAX]]
        return "/".join(("" if first == "" else _WITHHELD, *shown)) or _WITHHELD
