"""The address that a request came to, and pages of other origins, which get nothing.

Which names lead here is the business of what stands in front: an ingress of Container Apps, and a Front Door, hand on
no request for a name that is not theirs. A Front Door asks the ingress by the ingress's own name and tells the name
that it was asked by in `X-Forwarded-Host` (Microsoft, "Protocol support for HTTP headers in Azure Front Door"), which
anybody else could write; `FrontDoorOnly` has refused them by then.
"""

import re
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from app.contract import PROBE_PATHS
from app.web.fields import fields
from app.web.problems import problem_response

_ADDRESS: Final = "app.own_address"
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[0-9]{1,5})?")


def own_address(connection: HTTPConnection[Any]) -> str:
    """Return `https://host`, or with a port, that the caller knows this service by."""
    address: str = connection.scope[_ADDRESS]
    return address


class OwnAddress:
    """Refuses what names no host, and what a page of another origin sent (the check of the MCP specification).

    Args:
        app: What is protected.
        behind_front_door: Whether every request comes through a Front Door.
    """

    def __init__(self, app: ASGIApp, *, behind_front_door: bool) -> None:
        self._app = app
        self._field = b"x-forwarded-host" if behind_front_door else b"host"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or scope["path"] in PROBE_PATHS:
            await self._app(scope, receive, send)
            return
        try:
            scope[_ADDRESS] = self._checked(scope)
        except HTTPException as refusal:
            await problem_response(HTTPConnection(scope), refusal)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _checked(self, scope: Scope) -> str:
        host = ",".join(fields(scope, self._field))
        if not _HOST.fullmatch(host):
            raise HTTPException(400, "expected the name of one host")
        address = f"https://{host.lower()}"
        if any(origin.lower() != address for origin in fields(scope, b"origin")):
            raise HTTPException(403, "pages of other origins get no answer")
        return address
