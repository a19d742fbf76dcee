"""uvicorn that is found out before it is gone.

Who deals requests to replicas learns after the demand to end, not before, that one of them leaves. uvicorn alone stops
listening at once, and closes connections that the next request is already on.
"""

import asyncio
import socket
from typing import Final

import uvicorn

LEAD_S: Final = 2.0
"""How long it serves on: for an ingress to hear that the replica ends, and to put no request on its connections."""


class LeavingServer(uvicorn.Server):
    """Serves on for `LEAD_S` after the demand to end; readiness says no, and each answer closes its connection.

    A role that nobody sends requests to has no `leaving` in its state, and ends at once.
    """

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End in order."""
        if leaving := self.lifespan.state.get("leaving"):
            leaving.begin()
            self.server_state.default_headers = [*self.server_state.default_headers, (b"connection", b"close")]
            await asyncio.sleep(LEAD_S)
        await super().shutdown(sockets)
