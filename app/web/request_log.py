"""The id of a request, its one log line, its number and, for some, its span: all told once, when it is over."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.contract import PROBE_PATHS
from app.domain.pseudonym import pseudonym
from app.telemetry.durations import REQUESTS, Durations
from app.telemetry.log_event import tell
from app.telemetry.spans import SILENT, SLOW_MS, Trace, Tracer, Value
from app.telemetry.tracing import current
from app.web.fields import field
from app.web.shown_path import UNROUTED, ShownPaths, route_of

METHODS: Final = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
OTHER_METHOD: Final = "_OTHER"
"""What any other is called (OpenTelemetry, "Semantic conventions for HTTP")."""

BECAUSE: Final = "app.because"
"""Where the scope of a request holds why it could not be served, for its line: its caller is not told."""

_ID: Final = "app.request_id"
_TRACEPARENT: Final = b"traceparent"
_SERVER_ERROR: Final = 500
_ERROR: Final = 400

_log = logging.getLogger("app.request")


def request_id(scope: Scope) -> str:
    """Return the id of the request: the caller's W3C trace id, or a new one."""
    return cast("str", scope[_ID])


class RequestLog:
    """Gives each request its id, tells of it when it is answered, and lets no exception pass.

    A probe that succeeds is not told of: probes would be most of all that is.

    Args:
        app: What answers.
        routes: What paths are known by.
        durations: What requests are counted in.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        app: ASGIApp,
        routes: Sequence[BaseRoute] = (),
        durations: Durations = REQUESTS,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._app = app
        self._paths = ShownPaths(routes)
        self._durations = durations
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        tracer: Tracer = scope.get("state", {}).get("tracer", SILENT)
        trace = tracer.begin(field(scope, _TRACEPARENT))
        scope[_ID] = trace.trace_id
        id_header = (b"x-request-id", trace.trace_id.encode())
        started, answered, status = self._clock(), 0.0, 0

        async def noted_send(message: Message) -> None:
            nonlocal answered, status
            if message["type"] == "http.response.start":
                answered, status = self._clock(), message["status"]
                message["headers"] = [*message.get("headers", ()), id_header]
            await send(message)

        failure: Exception | None = None
        with current(trace):
            try:
                await self._app(scope, receive, noted_send)
            except Exception as error:  # noqa: BLE001 - the last stop; Starlette has answered and raises again
                failure = error
        ended = self._clock()
        if scope["path"] in PROBE_PATHS and 0 < status < _ERROR:
            return
        milliseconds = round((ended - started) * 1000, 3)
        # An answer that streams for long is not slow: it is slow when nothing of it comes.
        slow = ((answered or ended) - started) * 1000 > SLOW_MS
        method = scope["method"] if scope["method"] in METHODS else OTHER_METHOD
        route = route_of(scope)
        self._durations.add(method, route, status, milliseconds)
        line: dict[str, Any] = {"method": method, "path": self._paths.of(scope, route), "status": status}
        _write(scope, {**line, "milliseconds": milliseconds, **({"slow": True} if slow else {})}, failure)
        if trace.sampled or slow:
            _end(trace, method, route, status, milliseconds, slow=slow, failure=failure)


def _write(scope: Scope, line: dict[str, Any], failure: Exception | None) -> None:
    line["request_id"] = request_id(scope)
    if principal := scope.get("app.principal"):
        line["subject"] = pseudonym(principal)
    if because := scope.get(BECAUSE):
        line["because"] = because
    level = logging.ERROR if failure or line["status"] >= _SERVER_ERROR else logging.INFO
    tell(_log, level, "request", line, failure)


def _end(
    trace: Trace, method: str, route: str, status: int, milliseconds: float, *, slow: bool, failure: Exception | None
) -> None:
    attributes: dict[str, Value] = {"http.request.method": method, "http.response.status_code": status, "slow": slow}
    if route is not UNROUTED:
        attributes["http.route"] = route
    name = method if route is UNROUTED else f"{method} {route}"
    failed = failure is not None or status == 0 or status >= _SERVER_ERROR
    trace.end(name, "server", milliseconds, attributes, failed=failed, failure=failure)
