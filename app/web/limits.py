"""The size of a request body."""

from typing import Final

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.problems import PayloadTooLarge, problem_response

BODY_MAX: Final = 1024 * 1024
"""Bytes."""


class BodyLimit:
    """Refuses bodies over `BODY_MAX`: by their declared length at once, else as soon as that much has come.

    Starlette's own limit answers in plain text, this one with a problem document.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        if declared.isdigit() and int(declared) > BODY_MAX:
            response = problem_response(HTTPConnection(scope), PayloadTooLarge(BODY_MAX))
            await response(scope, receive, send)
            return
        received = 0

        async def counted_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > BODY_MAX:
                raise PayloadTooLarge(BODY_MAX)
            return message

        await self._app(scope, counted_receive, send)
