"""`make up`: deploy a stack and end with addresses that answer."""

import os
import shlex
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from localazure.client import Client
from ops.engine import find_engine, need_language_host
from ops.engine_run import run_engine
from ops.guard import refuse_destruction
from ops.local_cloud import LocalCloud
from ops.target import Target, UsageError, report, run_command

ANSWER_SECONDS: Final = 10.0


def up(environ: Mapping[str, str]) -> int:
    """Deploy the stack and return the exit status."""
    target = Target.of(environ)
    engine = find_engine(report)
    if target.cloud == "azure":
        need_language_host(engine, environ)
        refuse_destruction(engine, target.stack, environ)
        return run_engine(engine, ["up", "--stack", target.stack], environ)
    cloud = LocalCloud(engine, environ, target.stack)
    with cloud.held() as lock:
        return _up(cloud, lock)


def _up(cloud: LocalCloud, lock: int) -> int:
    with ThreadPoolExecutor() as pool:
        report("starting the embedded Azure")
        starting = pool.submit(cloud.client)
        cloud.prepare(cloud.build(), lock)
        client = starting.result()
    engine_environ = cloud.engine_environment(client)
    refresh = ["--refresh"] if client.status()["kept_aside"] else []
    arguments = ["up", "--stack", cloud.stack, "--yes", "--skip-preview", *refresh]
    if status := run_engine(cloud.engine, arguments, engine_environ, lock=lock):
        report(f"The deployment failed; what served before still serves. Logs: {cloud.state / 'logs'} (`make logs`)")
        _tell_deleted(cloud, client)
        return status
    outputs = cloud.outputs()
    _await_answer(outputs["api_url"], client)
    _retire(client, outputs["resource_group"])
    print(_summary(cloud, client, outputs))
    return 0


def _tell_deleted(cloud: LocalCloud, client: Client) -> None:
    """Say which names are taken by what was deleted, and what frees them."""
    if deleted := client.status()["deleted"]:
        names = ", ".join(sorted(resource_id.rpartition("/")[2] for resource_id in deleted))
        report(
            f"In deleted state, with names that stay taken: {names}. Here `make down STACK={cloud.stack}` purges them; "
            "on Azure recover them (`az keyvault recover`), or wait for the end of their retention."
        )


def _retire(client: Client, group: str) -> None:
    """Deactivate the revisions of a resource group that the new release has left without a place in the traffic."""
    for app in client.status()["running"]:
        if app["kind"] == "app" and app["address"] and f"/resourceGroups/{group}/" in app["id"]:
            for revision in app["revisions"]:
                if revision["weight"] is None:
                    client.activate(app["id"], revision["name"], active=False)


def _await_answer(api_url: str, client: Client) -> None:
    """Ask the API whether it is ready, until it says so. Raises UsageError when it does not in time."""
    trust = ssl.create_default_context(cafile=client.endpoints.authority)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust))
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            with opener.open(f"{api_url}/health/ready", timeout=2):
                return
        except (urllib.error.URLError, OSError) as error:
            if time.monotonic() > deadline:
                raise UsageError(f"{api_url} does not answer: {error}. See `make logs`.") from error
            time.sleep(0.05)


def _summary(cloud: LocalCloud, client: Client, outputs: Mapping[str, Any]) -> str:
    url, authority = outputs["api_url"], shlex.quote(_short(Path(client.endpoints.authority)))
    stack = "" if cloud.stack == "dev" else f" STACK={cloud.stack}"
    headers = [f'-H "Authorization: Bearer $(make -s token{stack})"']
    if door := outputs["front_door_id"]:  # the API answers nobody who does not come through the Front Door
        headers.append(f"-H 'X-Azure-FDID: {door}'")
    rows = {
        "API": url,
        "docs": f"{url}/docs",
        "MCP": f"{outputs['mcp_url']}/mcp",
        "try": f"curl -sS --cacert {authority} {' '.join(headers)} {url}/api/v1/tasks",
        "jobs": " · ".join(f"make run JOB={job}{stack}" for job in sorted(outputs["jobs"])),
        "logs": f"make logs{stack}   ({_short(cloud.state / 'logs')})",
        "state": _short(cloud.state),
        "next": " · ".join(f"make {verb}{stack}" for verb in ("status", "preview", "down")),
    }
    return "\n" + "\n".join(f"  {name:<6} {value}" for name, value in rows.items())


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    sys.exit(run_command(up, os.environ))
