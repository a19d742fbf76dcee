"""`make logs`: what the containers of a stack have written; with FOLLOW=1 what they go on to write."""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from localazure.client import Client
from ops.engine import find_engine
from ops.local_cloud import LocalCloud
from ops.target import Target, UsageError, report, run_command

LAST_LINES: Final = 100
POLL_SECONDS: Final = 0.2


def logs(environ: Mapping[str, str]) -> int:
    """Print the last lines of every container of the stack and return the exit status."""
    target = Target.of(environ)
    if target.cloud == "azure":
        raise UsageError(
            "On Azure logs are in the workspace; `az containerapp logs show` prints them. Use CLOUD=local."
        )
    cloud = LocalCloud(find_engine(report), environ, target.stack)
    positions: dict[Path, int] = {}
    for path in _files(cloud):
        positions[path] = path.stat().st_size
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]:
            print(f"{path.stem}: {line}")
    if not positions:
        report(f"nothing has written a log; `make up STACK={target.stack}` deploys the stack")
    while environ.get("FOLLOW") == "1":
        for line in _new_lines(cloud, positions):
            print(line, flush=True)
        time.sleep(POLL_SECONDS)
    return 0


def _files(cloud: LocalCloud) -> list[Path]:
    """Log files of the apps of this stack, the oldest first."""
    client = Client.find(cloud.state)
    running: list[dict[str, Any]] = client.status()["running"] if client else []
    group = f"-{cloud.stack}/providers/"
    apps = [app["name"] for app in running if app["kind"] == "app" and group in app["id"]]
    found = [path for app in apps for path in (cloud.state / "logs" / app).rglob("*.log")]
    return sorted(found, key=lambda path: path.stat().st_mtime)


def _new_lines(cloud: LocalCloud, positions: dict[Path, int]) -> Iterator[str]:
    for path in _files(cloud):
        with path.open(encoding="utf-8", errors="replace") as file:
            file.seek(positions.get(path, 0))
            for line in file:
                yield f"{path.stem}: {line.rstrip()}"
            positions[path] = file.tell()


if __name__ == "__main__":
    sys.exit(run_command(logs, os.environ))
