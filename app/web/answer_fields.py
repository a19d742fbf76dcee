"""The header fields that every answer gets, in one layer, as each layer is paid for by every request."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.headers import missing
from app.web.rate_fields import rate_fields


class AnswerFields:
    """Adds what an answer tells of limits, and each security header that it does not have, so that each is there once.

    Args:
        app: What answers; also a layer that refuses, or one that answers for what has failed.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def adding_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = message["headers"]
                message = {**message, "headers": [*there, *rate_fields(scope), *missing(there)]}
            await send(message)

        await self._app(scope, receive, adding_send)
