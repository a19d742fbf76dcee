"""`make down`: destroy a stack through the engine, and leave no process, port or record behind."""

import os
import sys
from collections.abc import Mapping

from ops.engine import find_engine
from ops.engine_run import ask_engine, run_engine
from ops.local_cloud import LocalCloud
from ops.target import Target, UsageError, report, run_command


def down(environ: Mapping[str, str]) -> int:
    """Destroy the stack and return the exit status."""
    target = Target.of(environ)
    engine = find_engine(report)
    if target.cloud == "azure":
        if environ.get("DESTROY") != target.stack:
            raise UsageError(
                f"`make down` on Azure destroys everything of {target.stack}: the database with its data, the vault "
                f"with its keys, logs and images. If that is meant: make down CLOUD=azure STACK={target.stack} "
                f"DESTROY={target.stack}"
            )
        return run_engine(engine, ["destroy", "--stack", target.stack], environ)
    cloud = LocalCloud(engine, environ, target.stack)
    if not cloud.exists():
        report("there is nothing to destroy")
        return 0
    with cloud.held() as lock:
        return _down(cloud, lock)


def _down(cloud: LocalCloud, lock: int) -> int:
    cloud.prepare_to_destroy(lock)
    client = cloud.client()
    engine, stack, environ = cloud.engine, ["--stack", cloud.stack], cloud.engine_environment(client)
    # `protect` is for data that someone would miss; on Azure it stays, and the engine refuses.
    ask_engine(engine, ["state", "unprotect", "--all", "--yes", *stack], environ, lock=lock)
    refresh = ["--refresh"] if client.status()["kept_aside"] else []
    if status := run_engine(engine, ["destroy", *stack, "--yes", "--skip-preview", *refresh], environ, lock=lock):
        return status
    # Not `destroy --remove`: that deletes the tracked stack file too.
    ask_engine(engine, ["stack", "rm", *stack, "--yes", "--preserve-config"], environ, lock=lock)
    client.purge()
    if others := cloud.other_stacks():
        report(f"the embedded Azure goes on: it still holds {', '.join(others)}")
        return 0
    client.stop()
    cloud.forget()
    report("nothing is left: no process, no port, no record")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(down, os.environ))
