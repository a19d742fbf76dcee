"""Requests that came through Front Door: the only ones that are served where there is one.

An ingress of Container Apps cannot tell Front Door by address, so the service does by the header that Front Door sets
(Microsoft, "Secure traffic to Azure Front Door origins").
"""

from hmac import compare_digest
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from app.contract import PROBE_PATHS
from app.web.fields import field
from app.web.problems import problem_response

FRONT_DOOR_HEADER: Final = b"x-azure-fdid"


class FrontDoorOnly:
    """Refuses requests that did not come through the Front Door of this id; probes of the platform pass."""

    def __init__(self, app: ASGIApp, front_door_id: str) -> None:
        self._app = app
        self._id = front_door_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or scope["path"] in PROBE_PATHS:
            await self._app(scope, receive, send)
            return
        if compare_digest(field(scope, FRONT_DOOR_HEADER).encode(), self._id.encode()):
            await self._app(scope, receive, send)
            return
        refusal = HTTPException(403, "this address is not served directly; use the public one")
        await problem_response(HTTPConnection(scope), refusal)(scope, receive, send)
