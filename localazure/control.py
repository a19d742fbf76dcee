"""The daemon's own door, for `make status`, `make token` and `make down`; Azure has no such thing.

Loopback only, and only with the secret of the endpoints file, which its owner alone can read.
"""

import hmac
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from localazure.azure import Azure


def control_app(azure: Azure, *, secret: str, stop: Callable[[], None]) -> web.Application:
    """The application behind the door.

    Args:
        azure: the subscription.
        secret: the bearer token that every request must show.
        stop: called when the daemon is asked to stop.
    """

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(shown.encode(), secret.encode()):
            raise web.HTTPUnauthorized
        return await handler(request)

    async def status(request: web.Request) -> web.Response:
        del request
        kept_aside = azure.store.kept_aside
        return web.json_response(
            {
                "kept_aside": str(kept_aside) if kept_aside else None,
                "resources": [record.id for record in azure.store.records()],
                "running": azure.statuses(),
            }
        )

    async def token(request: web.Request) -> web.Response:
        wanted: dict[str, Any] = await request.json()
        return web.json_response({"token": azure.runtime.issuer.mint(**wanted)})

    async def purge(request: web.Request) -> web.Response:
        del request
        azure.purge()
        return web.json_response({})

    async def end(request: web.Request) -> web.Response:
        del request
        stop()
        return web.json_response({})

    app = web.Application(middlewares=[guard])
    app.add_routes(
        [
            web.get("/status", status),
            web.post("/token", token),
            web.post("/purge", purge),
            web.post("/stop", end),
        ]
    )
    return app
