"""The daemon's own door, for `make status`, `make token` and `make down`; Azure has no such thing.

Loopback only, and only with the secret of the endpoints file, which its owner alone can read.
"""

import hmac
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from localazure.azure import Azure


def control_app(azure: Azure, *, secret: str, stop: Callable[[], None]) -> web.Application:
    """The application behind the door.

    Args:
        azure: the subscription.
        secret: the bearer token that every request must show.
        stop: called when the daemon is asked to stop.
    """

    async def status(_: web.Request) -> web.Response:
        return web.json_response(_status(azure))

    async def token(request: web.Request) -> web.Response:
        try:
            wanted: dict[str, Any] = await request.json()
            return web.json_response({"token": azure.runtime.issuer.mint(**wanted)})
        except (TypeError, ValueError) as error:
            raise web.HTTPBadRequest(text=str(error)) from error

    async def purge(_: web.Request) -> web.Response:
        azure.purge()
        return web.json_response({})

    async def end(_: web.Request) -> web.Response:
        stop()
        return web.json_response({})

    app = web.Application(middlewares=[_guard(secret)])
    app.router.add_get("/status", status)
    for path, handler in (("/token", token), ("/purge", purge), ("/stop", end)):
        app.router.add_post(path, handler)
    return app


def _guard(secret: str) -> Middleware:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(shown.encode(), secret.encode()):
            raise web.HTTPUnauthorized
        return await handler(request)

    return guard


def _status(azure: Azure) -> dict[str, Any]:
    kept_aside = azure.store.kept_aside
    return {
        "kept_aside": str(kept_aside) if kept_aside else None,
        "resources": [record.id for record in azure.store.records()],
        "running": azure.statuses(),
    }
