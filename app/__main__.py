"""`python -m app {api|backup|mcp|migrate|restore|upkeep|worker}`: one role per process."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from app.logs import configure_logs
from app.settings.groups import ListenSettings
from app.settings.jobs import BackupSettings, MigrateSettings, RestoreSettings, UpkeepSettings
from app.settings.reader import SettingsError
from app.settings.services import ApiSettings, McpSettings, WorkerSettings

SHUTDOWN_S: Final = 18
"""How long running requests may finish when no more are taken; with `LEAD_S` before and what is closed after it below
25 seconds, so that a replica ends in order also under a grace of 30, the default of Container Apps."""
KEEP_ALIVE_S: Final = 3_660
"""How long an idle connection stays open: longer than the ingress, an Envoy, keeps it (1 hour). Who closes first loses
the request that the other has just sent, and the caller gets a 503 (github.com/envoyproxy/envoy/issues/14981)."""
SERVER: Final[dict[str, Any]] = {
    "access_log": False,
    "log_config": None,
    "proxy_headers": False,  # nothing here believes an address or a scheme that a client can write
    "server_header": False,
    "timeout_graceful_shutdown": SHUTDOWN_S,
    "timeout_keep_alive": KEEP_ALIVE_S,
    "ws": "none",
}
"""What uvicorn does otherwise than by default."""


def main() -> int:
    """Run the role that the command line names; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m app", description=__doc__)
    parser.add_argument("role", choices=tuple(_ROLES), help="what this process does")
    role = parser.parse_args().role
    try:
        return _ROLES[role](os.environ)
    except SettingsError as error:
        print(f"python -m app {role}: the environment cannot be used:\n{error}", file=sys.stderr)
        return 2


def _api(environ: Mapping[str, str]) -> int:
    settings = ApiSettings.load(environ)
    # Each role imports what it runs: the API starts without alembic, and --help without anything.
    from app.api import create_api  # noqa: PLC0415 - see above
    from app.web.layers import Edge  # noqa: PLC0415 - see above
    from app.wiring.api import open_api_state  # noqa: PLC0415 - see above

    edge = Edge(
        cors_origins=settings.cors_origins, front_door_id=settings.front_door_id, hops=settings.limits.trusted_hops
    )
    service = create_api(lambda: open_api_state(settings), edge)
    return serve(service, settings.listen, settings.log_level)


def _mcp(environ: Mapping[str, str]) -> int:
    settings = McpSettings.load(environ)
    from app.mcp import create_mcp  # noqa: PLC0415 - see `_api`
    from app.web.layers import Edge  # noqa: PLC0415 - see `_api`
    from app.wiring.mcp import open_state  # noqa: PLC0415 - see `_api`

    edge = Edge(front_door_id=settings.front_door_id, hops=settings.limits.trusted_hops)
    service = create_mcp(lambda: open_state(settings), edge, issuer=settings.tokens.issuer)
    return serve(service, settings.listen, settings.log_level)


def _worker(environ: Mapping[str, str]) -> int:
    settings = WorkerSettings.load(environ)
    from app.worker import create_worker, open_worker  # noqa: PLC0415 - see `_api`

    return serve(create_worker(lambda: open_worker(settings)), settings.listen, settings.log_level)


def serve(service: Any, listen: ListenSettings, log_level: str) -> int:
    """Answer requests until SIGTERM."""
    import uvicorn  # noqa: PLC0415 - see `_api`

    from app.server.bounded_http import BoundedHttp  # noqa: PLC0415 - see `_api`
    from app.server.leaving import LeavingServer  # noqa: PLC0415 - see `_api`
    from app.server.settled_heap import SettledHeap  # noqa: PLC0415 - see `_api`

    configure_logs(log_level, replica=listen.replica, revision=listen.revision)
    # uvicorn raises the signal again after it has shut down in order, which is a success.
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(0))
    config = uvicorn.Config(SettledHeap(service), host=listen.host, port=listen.port, http=BoundedHttp, **SERVER)
    server = LeavingServer(config)
    server.run()
    return 0 if server.started else 3


def _migrate(environ: Mapping[str, str]) -> int:
    settings = MigrateSettings.load(environ)
    from app.jobs.migrate import DatabaseRole, MigrationError, migrate  # noqa: PLC0415 - see `_api`
    from app.wiring.ground import open_login  # noqa: PLC0415 - see `_api`

    async def run() -> None:
        services = [
            DatabaseRole(name=name, object_id=object_id, upkeep=name == settings.upkeep_role)
            for name, object_id in settings.runtimes.items()
        ]
        reader = DatabaseRole(name=settings.reader_role, object_id=settings.reader_object_id)
        async with open_login(settings.database) as login:
            await migrate(login, services=services, reader=reader)

    configure_logs(settings.log_level)
    try:
        asyncio.run(run())
    except MigrationError as error:
        logging.getLogger("app.jobs.migrate").error("migration failed: %s", error)  # noqa: TRY400 - one line is the reason
        return 1
    return 0


def _backup(environ: Mapping[str, str]) -> int:
    settings = BackupSettings.load(environ)
    from app.jobs.backup import BackupError, back_up  # noqa: PLC0415 - see `_api`
    from app.storage.blobs import BlobContainer  # noqa: PLC0415 - see `_api`
    from app.wiring.ground import open_login  # noqa: PLC0415 - see `_api`

    async def run() -> None:
        database = settings.database
        async with (
            open_login(database) as login,
            BlobContainer.open(settings.blob_endpoint, settings.container, client_id=database.client_id) as container,
        ):
            await back_up(login, container, now=datetime.now(UTC))

    configure_logs(settings.log_level)
    try:
        asyncio.run(run())
    except BackupError as error:
        logging.getLogger("app.jobs.backup").error("backup failed: %s", error)  # noqa: TRY400 - one line is the reason
        return 1
    return 0


def _restore(environ: Mapping[str, str]) -> int:
    settings = RestoreSettings.load(environ)
    from app.jobs.restore import RestoreError, restore  # noqa: PLC0415 - see `_api`
    from app.storage.blob_streams import StreamedContainer  # noqa: PLC0415 - see `_api`
    from app.wiring.ground import open_login  # noqa: PLC0415 - see `_api`

    async def run() -> None:
        who, backups, audit = settings.database.client_id, settings.backups, settings.audit
        async with (
            open_login(settings.database) as login,
            StreamedContainer.open(backups.endpoint, backups.container, client_id=who) as shelf,
            StreamedContainer.open(audit.endpoint, audit.container, client_id=who) as archive,
        ):
            await restore(login, backups=shelf, archive=archive, name=settings.backup, now=datetime.now(UTC))

    configure_logs(settings.log_level)
    try:
        asyncio.run(run())
    except RestoreError as error:
        logging.getLogger("app.jobs.restore").error("restore failed: %s", error)  # noqa: TRY400 - one line is the reason
        return 1
    return 0


def _upkeep(environ: Mapping[str, str]) -> int:
    settings = UpkeepSettings.load(environ)
    from app.wiring.upkeep import run_upkeep  # noqa: PLC0415 - see `_api`

    configure_logs(settings.log_level)
    return 0 if asyncio.run(run_upkeep(settings)) else 1


_ROLES: Final[Mapping[str, Callable[[Mapping[str, str]], int]]] = {
    "api": _api,
    "backup": _backup,
    "mcp": _mcp,
    "migrate": _migrate,
    "restore": _restore,
    "upkeep": _upkeep,
    "worker": _worker,
}


if __name__ == "__main__":
    sys.exit(main())
