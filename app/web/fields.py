"""Header fields as bytes, their names in lower case (ASGI, "HTTP Connection Scope").

Layers that look at every request read them here: the headers of Starlette, which decode each name to compare it, took a
tenth of a cached answer's time.
"""

from starlette.types import Scope

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
