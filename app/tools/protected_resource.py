"""Where clients of the tool server learn who issues the tokens that it takes (RFC 9728)."""

from typing import Any, Final

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route

from app.web.documents import Json
from app.web.layers import route
from app.web.own_address import own_address

RESOURCE_PATH: Final = "/mcp"
"""What is protected."""
METADATA_PATH: Final = "/.well-known/oauth-protected-resource" + RESOURCE_PATH
"""Where its metadata is (RFC 9728 section 3.1)."""


def metadata_address(connection: HTTPConnection[Any]) -> str:
    """Return the address of the metadata, as the caller knows this service."""
    return own_address(connection) + METADATA_PATH


def metadata_route(issuer: str) -> Route:
    """Make the route that answers the metadata; the resource is what the caller asked, which it compares."""

    async def metadata(request: Request[Any]) -> Response:
        return Json(
            {
                "resource": own_address(request) + RESOURCE_PATH,
                "authorization_servers": [issuer],
                "bearer_methods_supported": ["header"],
            }
        )

    return route(METADATA_PATH, GET=metadata)
