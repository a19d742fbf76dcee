"""Header fields as bytes, their names in lower case (ASGI, "HTTP Connection Scope").

Layers that look at every request read them here: the headers of Starlette, which decode each name to compare it, took a
tenth of a cached answer's time.
"""

from collections.abc import Callable, Iterable

from starlette.types import Message, Scope, Send

Field = tuple[bytes, bytes]


def fields(scope: Scope, name: bytes) -> list[str]:
    """Return the values of a field in order, none when it is not there.

    Args:
        scope: Of the request.
        name: In lower case.
    """
    return [value.decode("latin-1") for there, value in scope["headers"] if there == name]


def field(scope: Scope, name: bytes, default: str = "") -> str:
    """Return the first value of a field, or the default."""
    for there, value in scope["headers"]:
        if there == name:
            return value.decode("latin-1")
    return default


def adding(send: Send, more: Callable[[Message], Iterable[Field]]) -> Send:
    """Make a `send` that adds fields to an answer.

    Args:
        send: What sends it.
        more: Gives the fields to add to an answer that begins with this message.
    """

    async def adding_send(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *more(message)]}
        await send(message)

    return adding_send
