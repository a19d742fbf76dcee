"""`python -m app {api|migrate}`: one role per process."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from typing import Any, Final

from app.logs import configure_logs
from app.settings import ApiSettings, MigrateSettings, SettingsError

SHUTDOWN_S: Final = 20
"""How long running requests may finish after SIGTERM; below the platform's grace (`TERMINATION_GRACE_S`)."""
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
    parser.add_argument("role", choices=("api", "migrate"), help="what this process does")
    role = parser.parse_args().role
    try:
        return _api(ApiSettings.load(os.environ)) if role == "api" else _migrate(MigrateSettings.load(os.environ))
    except SettingsError as error:
        print(f"python -m app {role}: the environment cannot be used:\n{error}", file=sys.stderr)
        return 2


def _api(settings: ApiSettings) -> int:
    # Each role imports what it runs: the API starts without alembic, and --help without anything.
    import uvicorn  # noqa: PLC0415 - see above

    from app.api import create_api  # noqa: PLC0415 - see above
    from app.wiring import open_state  # noqa: PLC0415 - see above

    configure_logs(settings.log_level, replica=settings.replica, revision=settings.revision)
    # uvicorn raises the signal again after it has shut down in order, which is a success.
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(0))
    uvicorn.run(create_api(lambda: open_state(settings)), host=settings.host, port=settings.port, **SERVER)
    return 0


def _migrate(settings: MigrateSettings) -> int:
    from app.migrate import MigrationError, migrate  # noqa: PLC0415 - see `_api`
    from app.wiring import open_login  # noqa: PLC0415 - see `_api`

    async def run() -> None:
        async with open_login(settings.database) as login:
            await migrate(login, role=settings.runtime_role, object_id=settings.runtime_object_id)

    configure_logs(settings.log_level)
    try:
        asyncio.run(run())
    except MigrationError as error:
        logging.getLogger("app.migrate").error("migration failed: %s", error)  # noqa: TRY400 - one line is the reason
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
