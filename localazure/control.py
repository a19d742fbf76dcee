"""The daemon's own door, for `make status`, `make token`, `make run`, `make down` and others; Azure has none.

Loopback only, and only with the secret of the endpoints file, which its owner alone can read.
"""

import hmac
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, cast

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from localazure.azure import Azure
from localazure.errors import AzureError
from localazure.faults import Fault
from localazure.operator import OPERATOR
from localazure.planes.third_parties import Strike
from localazure.services.app import ContainerApp
from localazure.services.app_job import Job


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

    async def operator_token(request: web.Request) -> web.Response:
        wanted: dict[str, str] = await request.json()
        return web.json_response({"token": azure.runtime.identity.token(OPERATOR, wanted["resource"])})

    async def purge(_: web.Request) -> web.Response:
        azure.purge()
        return web.json_response({})

    async def end(_: web.Request) -> web.Response:
        stop()
        return web.json_response({})

    app = web.Application(middlewares=[_guard(secret)])
    app.router.add_get("/status", status)
    doors = {
        "/token": token,
        "/operator-token": operator_token,
        "/run": _run_door(azure),
        "/execution": _execution_door(azure),
        "/faults": _faults_door(azure),
        "/troubles": _troubles_door(azure),
        "/purge": purge,
        "/revision": _revision_door(azure),
        "/stop": end,
    }
    for path, handler in doors.items():
        app.router.add_post(path, handler)
    return app


def _run_door(azure: Azure) -> Handler:
    """Starts a job, as `az containerapp job start` does."""

    async def run(request: web.Request) -> web.StreamResponse:
        wanted: dict[str, str] = await request.json()
        try:
            return web.json_response({"execution": cast("Job", azure.type_of(Job.token)).start(wanted["job"])})
        except AzureError as error:
            return web.json_response({"refused": error.message})

    return run


def _execution_door(azure: Azure) -> Handler:
    """Says how far an execution of a job is, as `az containerapp job execution show` does."""

    async def execution(request: web.Request) -> web.StreamResponse:
        wanted: dict[str, str] = await request.json()
        jobs = cast("Job", azure.type_of(Job.token))
        try:
            return web.json_response(asdict(jobs.execution(wanted["job"], wanted["execution"])))
        except AzureError as error:
            return web.json_response({"refused": error.message})

    return execution


def _faults_door(azure: Azure) -> Handler:
    """Takes a script of faults, which Azure has not."""

    async def faults(request: web.Request) -> web.StreamResponse:
        lines: list[dict[str, Any]] = await request.json()
        try:
            azure.script([Fault.of(line) for line in lines])
        except (AttributeError, TypeError, ValueError) as error:
            return web.json_response({"refused": str(error)})
        return web.json_response({})

    return faults


def _troubles_door(azure: Azure) -> Handler:
    """Takes a script of troubles of third parties, which are not Azure's either."""

    async def troubles(request: web.Request) -> web.StreamResponse:
        lines: list[dict[str, Any]] = await request.json()
        try:
            azure.runtime.third_parties.script([Strike.of(line) for line in lines])
        except (AttributeError, TypeError, ValueError) as error:
            return web.json_response({"refused": str(error)})
        return web.json_response({})

    return troubles


def _revision_door(azure: Azure) -> Handler:
    """Activates and deactivates revisions, as `az containerapp revision` does."""

    async def revision(request: web.Request) -> web.StreamResponse:
        wanted: dict[str, Any] = await request.json()
        apps = cast("ContainerApp", azure.type_of(ContainerApp.token))
        try:
            await azure.act(wanted["app"], lambda app: apps.activate(app, wanted["revision"], active=wanted["active"]))
        except AzureError as error:
            return web.json_response({"refused": error.message})
        return web.json_response({})

    return revision


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
        "deleted": [record.id for record in azure.store.deleted()],
        "faults": azure.faults.status(),
        "kept_aside": str(kept_aside) if kept_aside else None,
        "resources": [record.id for record in azure.store.records()],
        "running": azure.statuses(),
        "third_parties": azure.runtime.third_parties.status(),
    }
