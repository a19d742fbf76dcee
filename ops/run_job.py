"""`make run JOB=backup`: one execution of a job of a stack, now."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from localazure.client import Client
from ops.engine import find_engine
from ops.local_cloud import LocalCloud
from ops.target import ROOT, Target, UsageError, report, run_command

POLL_SECONDS: Final = 0.2


def run_job(environ: Mapping[str, str]) -> int:
    """Start the job that JOB names; on `local` wait for its end. Return the exit status."""
    target, engine = Target.of(environ), find_engine(report)
    if target.cloud == "azure":
        return _start_on_azure(_outputs(engine, target.stack, environ), environ)
    cloud = LocalCloud(engine, environ, target.stack)
    job = _job(cloud.outputs(), environ, target)
    client = cloud.client()
    found = [running for running in client.status()["running"] if running["kind"] == "job" and running["name"] == job]
    if not found:
        raise UsageError(f"{job} is not there; run `make up STACK={target.stack}` first.")
    execution = client.run(found[0]["id"])
    report(f"{execution} runs; its log: {cloud.state / 'logs' / job / execution}")
    return _await_end(client, found[0]["id"], execution)


def _await_end(client: Client, job_id: str, execution: str) -> int:
    """Wait for the end of an execution, which its timeout bounds; 0 when it succeeded."""
    while True:
        ended = client.execution(job_id, execution)
        if ended["status"] != "Running":
            break
        time.sleep(POLL_SECONDS)
    for log in ended["logs"]:
        print(Path(log).read_text(encoding="utf-8", errors="replace"), end="")
    report(f"{execution}: {ended['status']} after {ended['tries']} tries")
    return 0 if ended["status"] == "Succeeded" else 1


def _start_on_azure(outputs: Mapping[str, Any], environ: Mapping[str, str]) -> int:
    job = _job(outputs, environ, Target.of(environ))
    az = shutil.which("az", path=environ.get("PATH"))
    if az is None:
        raise UsageError("`az` is not on PATH, and it starts jobs on Azure. Install the Azure CLI and run `az login`.")
    arguments = ["containerapp", "job", "start", "--name", job, "--resource-group", outputs["resource_group"]]
    return subprocess.run([az, *arguments], env=dict(environ), check=False).returncode


def _outputs(engine: Path, stack: str, environ: Mapping[str, str]) -> dict[str, Any]:
    command = [str(engine), "stack", "output", "--json", "--stack", stack]
    done = subprocess.run(command, cwd=ROOT, env=dict(environ), check=False, capture_output=True, text=True)
    if done.returncode:
        raise UsageError(f"the outputs of {stack} cannot be read:\n{done.stderr.strip()}")
    return json.loads(done.stdout)


def _job(outputs: Mapping[str, Any], environ: Mapping[str, str], target: Target) -> str:
    """The physical name of the job that JOB names. Raises UsageError for one that the stack has not."""
    jobs: Mapping[str, str] = outputs.get("jobs") or {}
    wanted = environ.get("JOB", "")
    if wanted not in jobs:
        known = ", ".join(sorted(jobs)) or f"none; run `make up STACK={target.stack}` first"
        raise UsageError(f'JOB="{wanted}" is no job of {target.stack}. Allowed: {known}.')
    return jobs[wanted]


if __name__ == "__main__":
    sys.exit(run_command(run_job, os.environ))
