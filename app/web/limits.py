"""The body of a request: how long it is, how long it takes, and that it is what it says."""

import asyncio
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.fields import field
from app.web.problems import PayloadTooLarge, problem_response

BODY_MAX: Final = 1024 * 1024
"""Bytes."""
BODY_S: Final = 15.0
"""How long a body may take to come, from the first time that it is asked for."""


class BodyLimit:
    """Refuses bodies over `BODY_MAX`: by their declared length at once, else as soon as that much has come.

    Compressed bodies are refused: none is needed, and a small one can become a large one. Starlette's own limit answers
    in plain text, this one with a problem document.

    Args:
        app: What is protected.
        body_s: Seconds that a body may take.
    """

    def __init__(self, app: ASGIApp, *, body_s: float = BODY_S) -> None:
        self._app = app
        self._body_s = body_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if refusal := _refusal(scope):
            await problem_response(HTTPConnection(scope), refusal)(scope, receive, send)
            return
        await self._app(scope, _Counted(receive, self._body_s).receive, send)


def _refusal(scope: Scope) -> HTTPException | None:
    declared = field(scope, b"content-length", "0")
    if declared.isdigit() and int(declared) > BODY_MAX:
        return PayloadTooLarge(BODY_MAX)
    if field(scope, b"content-encoding", "identity").strip().lower() != "identity":
        return HTTPException(415, "expected a body without Content-Encoding", {"Accept-Encoding": "identity"})
    return None


class _Counted:
    """A body on its way; what comes after it, that the caller has gone, may take any time."""

    def __init__(self, receive: Receive, body_s: float) -> None:
        self._receive = receive
        self._body_s = body_s
        self._bytes = 0
        self._ends_at: float | None = None
        self._more = True

    async def receive(self) -> Message:
        """Return the next message."""
        if not self._more:
            return await self._receive()
        if self._ends_at is None:
            self._ends_at = asyncio.get_running_loop().time() + self._body_s
        try:
            async with asyncio.timeout_at(self._ends_at):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(
                408, f"expected the body within {self._body_s:g} seconds", {"Connection": "close"}
            ) from None
        self._bytes += len(message.get("body", b""))
        if self._bytes > BODY_MAX:
            raise PayloadTooLarge(BODY_MAX)
        self._more = bool(message.get("more_body"))
        return message
