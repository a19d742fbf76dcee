"""How often an address may ask, before anything is known of the caller."""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from app.contract import PROBE_PATHS
from app.limits.addresses import client_network
from app.web.fields import fields
from app.web.rate_fields import limiter_of, serve_within

FORWARDED: Final = b"x-forwarded-for"
_NETWORK: Final = "app.network"


def network_of(scope: Scope) -> str:
    """Return what the caller's address counts as."""
    network: str = scope[_NETWORK]
    return network


class AddressLimit:
    """Lets an address ask so often. Probes of the platform, which come through no proxy, are not counted.

    Args:
        app: What is protected.
        hops: Proxies of ours that requests come through.
    """

    def __init__(self, app: ASGIApp, *, hops: int) -> None:
        self._app = app
        self._hops = hops

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        forwarded = fields(scope, FORWARDED)
        peer = scope.get("client") or ("", 0)
        scope[_NETWORK] = client_network(forwarded, peer[0], hops=self._hops)
        limiter = limiter_of(scope)
        if limiter is None or (scope["path"] in PROBE_PATHS and not forwarded):
            await self._app(scope, receive, send)
            return
        await serve_within(self._app, scope, receive, send, [limiter.ask_address(scope[_NETWORK])])
