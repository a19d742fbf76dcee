"""`python -m app {api|backup|mcp|migrate|restore|upkeep|worker}`: one role per process."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from app.jobs.failure import JobError
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
    from app.wiring.migrate import run_migrate  # noqa: PLC0415 - see `_api`

    return _to_its_end("migrate", run_migrate(settings), settings.log_level)


def _backup(environ: Mapping[str, str]) -> int:
    settings = BackupSettings.load(environ)
    from app.wiring.backup import run_backup  # noqa: PLC0415 - see `_api`

    return _to_its_end("backup", run_backup(settings), settings.log_level)


def _restore(environ: Mapping[str, str]) -> int:
    settings = RestoreSettings.load(environ)
    from app.wiring.restore import run_restore  # noqa: PLC0415 - see `_api`

    return _to_its_end("restore", run_restore(settings), settings.log_level)


def _upkeep(environ: Mapping[str, str]) -> int:
    settings = UpkeepSettings.load(environ)
    from app.wiring.upkeep import run_upkeep  # noqa: PLC0415 - see `_api`

    return _to_its_end("upkeep", run_upkeep(settings), settings.log_level)


def _to_its_end(job: str, work: Coroutine[Any, Any, None], log_level: str) -> int:
    """Do the work of a job; return the exit code. What it says of a failure is one line of the log."""
    configure_logs(log_level)
    try:
        asyncio.run(work)
    except JobError as error:
        logging.getLogger(f"app.jobs.{job}").error("%s failed: %s", job, error)  # noqa: TRY400 - one line is the reason
        return 1
    return 0


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
