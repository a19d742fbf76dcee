"""`make preview`: show what `make up` would change, and change nothing."""

import os
import sys
from collections.abc import Mapping

from ops.engine import find_engine, need_language_host
from ops.engine_run import run_engine
from ops.local_cloud import LocalCloud
from ops.target import Target, report, run_command


def preview(environ: Mapping[str, str]) -> int:
    """Preview the stack and return the exit status."""
    target = Target.of(environ)
    engine = find_engine(report)
    arguments = ["preview", "--diff", "--stack", target.stack]
    if target.cloud == "azure":
        need_language_host(engine, environ)
        return run_engine(engine, arguments, environ)
    cloud = LocalCloud(engine, environ, target.stack)
    with cloud.held() as lock:
        cloud.prepare(cloud.build(), lock)
        return run_engine(engine, arguments, cloud.engine_environment(cloud.client()), lock=lock)


if __name__ == "__main__":
    sys.exit(run_command(preview, os.environ))
