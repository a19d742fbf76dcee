"""`make status`: what of a stack runs, and where."""

import os
import sys
from collections.abc import Mapping
from typing import Any, Final

from localazure.client import Client
from ops.engine import find_engine
from ops.engine_run import run_engine
from ops.local_cloud import LocalCloud
from ops.target import Target, report, run_command

_ORDER: Final = ("app", "job", "server", "cache", "queue", "namespace", "storage", "vault")
"""What is looked at most comes first."""


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
    for fault in said["faults"]:
        print(f"  fault   {fault['kind']} of {fault['type']}: struck {fault['struck']} of {fault['times']} times")
    if deleted := said["deleted"]:
        print(f"in deleted state: {', '.join(sorted(resource_id.rpartition('/')[2] for resource_id in deleted))}")
    group = f"-{cloud.stack}/providers/"
    ours = [running for running in said["running"] if group in running["id"]]
    for running in sorted(ours, key=_place):
        print("\n".join(_lines(running)))
    if not ours:
        print(f"nothing of {cloud.stack} runs. `make up STACK={cloud.stack}` deploys it.")
    return 0


def _place(running: Mapping[str, Any]) -> tuple[int, str]:
    kind = running["kind"]
    return (_ORDER.index(kind) if kind in _ORDER else len(_ORDER), running["name"])


def _lines(running: Mapping[str, Any]) -> list[str]:
    first = f"  {running['kind']:<9} {running['name']:<22} {running['address'] or ''}".rstrip()
    if running["kind"] == "job":
        return [first, f"            {_last(running)}"]
    if running["kind"] != "app":
        return [first]
    trouble = [f"            {running['trouble']}"] if running["trouble"] else []
    return [first, *trouble, *(line for revision in running["revisions"] for line in _revision_lines(revision))]


def _revision_lines(revision: Mapping[str, Any]) -> list[str]:
    replicas = revision["replicas"]
    ready = sum(replica["ready"] for replica in replicas)
    share = [] if revision["weight"] is None else [f"{revision['weight']} % of the requests"]
    labels = [f"{label} at {address}" for label, address in revision["labels"].items()]
    what = [f"{ready} of {len(replicas)} replicas ready", *share, *labels]
    return [
        f"            revision {revision['name']}, {', '.join(what)}",
        *([f"              {revision['trouble']}"] if revision["trouble"] else []),
        *(
            f"              {each['name']}: {each['trouble'] or 'ready'}, {each['restarts']} restarts"
            for each in replicas
        ),
    ]


def _last(job: Mapping[str, Any]) -> str:
    """When a job starts, and how its last execution went."""
    when, last = f"at {job['cron']}" if job["cron"] else "by hand", job["last"]
    if last is None:
        return f"{when}; not yet run"
    return f"{when}; {last['name']}: {last['status']} since {last['ended'] or last['started']}, tries: {last['tries']}"


if __name__ == "__main__":
    sys.exit(run_command(status, os.environ))
