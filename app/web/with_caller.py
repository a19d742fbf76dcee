"""Work that ends when its caller leaves, for an application that does not look whether they have."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.web.documents import require_media_type
from app.web.events import while_connected


class EndsWithCaller:
    """Reads the body of a request and hands it on; cancels what is done with it when the caller leaves.

    Args:
        app: What does the work. It gets the body in one piece, and is never told that the caller has left.
        media_type: What the body must be.
    """

    def __init__(self, app: ASGIApp, media_type: str) -> None:
        self._app = app
        self._media_type = media_type

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        request = Request[Any](scope, receive)
        require_media_type(request, self._media_type)
        messages = iter(({"type": "http.request", "body": await request.body(), "more_body": False},))

        async def given() -> MutableMapping[str, Any]:
            return next(messages, None) or await asyncio.Future[MutableMapping[str, Any]]()

        await while_connected(request, self._work(scope, given, send))

    async def _work(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)
