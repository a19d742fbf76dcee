"""`make status`: what of a stack runs, and where."""

import os
import sys
from collections.abc import Mapping
from typing import Any

from localazure.client import Client
from ops.engine import find_engine
from ops.engine_run import run_engine
from ops.local_cloud import LocalCloud
from ops.target import Target, report, run_command


def status(environ: Mapping[str, str]) -> int:
    """Print what runs and return the exit status."""
    target = Target.of(environ)
    engine = find_engine(report)
    if target.cloud == "azure":
        return run_engine(engine, ["stack", "--stack", target.stack], environ)
    cloud = LocalCloud(engine, environ, target.stack)
    client = Client.find(cloud.state)
    if client is None:
        print(f"The embedded Azure does not run. `make up STACK={target.stack}` starts it.")
        return 0
    said = client.status()
    print(f"embedded Azure: process {client.endpoints.pid}, {len(said['resources'])} resources, state {cloud.state}")
    for running in said["running"]:
        print("\n".join(_lines(running)))
    return 0


def _lines(running: Mapping[str, Any]) -> list[str]:
    first = f"  {running['kind']:<7} {running['name']:<28} {running['address'] or ''}"
    if running["kind"] != "app":
        return [first]
    ready = sum(replica["ready"] for replica in running["replicas"])
    lines = [first, f"          revision {running['revision']}, {ready} of {len(running['replicas'])} replicas ready"]
    if running["trouble"]:
        lines.append(f"          {running['trouble']}")
    lines += [
        f"          {replica['name']}: {replica['trouble'] or 'ready'}, {replica['restarts']} restarts"
        for replica in running["replicas"]
    ]
    return lines


if __name__ == "__main__":
    sys.exit(run_command(status, os.environ))
