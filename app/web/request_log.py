"""The id of a request and its one log line."""

import logging
import re
import secrets
import time
from typing import Any, Final, cast

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.contract import PROBE_PATHS
from app.domain.pseudonym import pseudonym

_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_ID: Final = "app.request_id"
_PATH_MAX: Final = 256
_SERVER_ERROR: Final = 500
_ERROR: Final = 400

_log = logging.getLogger("app.request")


def request_id(scope: Scope) -> str:
    """Return the id of the request: the caller's W3C trace id, or a new one."""
    return cast("str", scope[_ID])


class RequestLog:
    """Gives each request its id, writes one line when it is answered, and lets no exception pass.

    A probe that succeeds writes nothing: probes would be most of the log.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        traceparent = _TRACEPARENT.fullmatch(Headers(scope=scope).get("traceparent", ""))
        scope[_ID] = traceparent[1] if traceparent else f"{secrets.randbits(128):032x}"
        started, status = time.monotonic(), 0

        async def noted_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id(scope)
            await send(message)

        failure: Exception | None = None
        try:
            await self._app(scope, receive, noted_send)
        except Exception as error:  # noqa: BLE001 - the last stop; Starlette has answered and raises again
            failure = error
        milliseconds = round((time.monotonic() - started) * 1000, 3)
        _write(scope, status=status, milliseconds=milliseconds, failure=failure)


def _write(scope: Scope, *, status: int, milliseconds: float, failure: Exception | None) -> None:
    if scope["path"] in PROBE_PATHS and 0 < status < _ERROR:
        return
    line: dict[str, Any] = {
        "request_id": request_id(scope),
        "method": scope["method"],
        "path": scope["path"][:_PATH_MAX],
        "status": status,
        "milliseconds": milliseconds,
    }
    if principal := scope.get("app.principal"):
        line["subject"] = pseudonym(principal)
    level = logging.ERROR if failure or status >= _SERVER_ERROR else logging.INFO
    _log.log(level, "request", extra=line, exc_info=failure)
