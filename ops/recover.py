"""`make recover`: what an interrupted run, a stale lock or a damaged state has left, and the way out.

It changes nothing unless it is told to by a word that names what: RESTORE a generation, UNLOCK a stack, write a PLAN.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from localazure.client import Client
from ops.checkpoints import Checkpoints, Generation
from ops.engine import find_engine
from ops.engine_run import ask_engine
from ops.import_plan import filled, write_plan
from ops.local_cloud import LocalCloud
from ops.stack_file import PROJECT
from ops.target import Target, UsageError, report, run_command

TROUBLE: Final = 2
"""Exit status when something is left to do."""


def recover(environ: Mapping[str, str]) -> int:
    """Report, or do what RESTORE, UNLOCK or PLAN say, and return the exit status."""
    target = Target.of(environ)
    if target.cloud == "azure":
        raise UsageError(
            "make recover reads a backend that is a folder. On Azure ask the backend itself: `pulumi stack export` "
            "shows pending_operations, `pulumi stack export --version N` an older generation, `pulumi cancel` ends a "
            f"lock, `pulumi refresh --clear-pending-creates --stack {target.stack}` what an interrupted run left."
        )
    cloud = LocalCloud(find_engine(report), environ, target.stack)
    if not cloud.exists():
        raise UsageError(f"{cloud.state} does not exist: nothing was ever deployed here.")
    checkpoints = Checkpoints(cloud.backend, PROJECT, target.stack)
    if name := environ.get("RESTORE"):
        return _restore(cloud, checkpoints, name)
    if word := environ.get("UNLOCK"):
        return _unlock(cloud, checkpoints, word)
    if path := environ.get("PLAN"):
        return _plan(cloud, Path(path))
    trouble = list(_trouble(cloud, checkpoints))
    live = checkpoints.live
    print(f"{target.stack}: {len(live.resources)} resources, written {live.time or 'never'}, {live.path}")
    print("\n".join(trouble) if trouble else "  nothing is left to do")
    return TROUBLE if trouble else 0


def _trouble(cloud: LocalCloud, checkpoints: Checkpoints) -> Iterator[str]:
    """Everything that is left to do, a line each, with the command that does it."""
    stack = "" if cloud.stack == "dev" else f" STACK={cloud.stack}"
    if problem := checkpoints.problem():
        yield f"  state: {problem}"
        kept = [generation for generation in checkpoints.kept() if generation.resources]
        yield from (f"  good generation: {_described(each)}" for each in kept[:3])
        do = f"make recover{stack} RESTORE={kept[0].name}" if kept else f"make recover{stack} PLAN=import.json"
        yield f"    {do}"
    for lock in checkpoints.locks():
        age = timedelta(seconds=round(lock.age_seconds))
        state = "it is at work" if lock.alive else f"it has gone: make recover{stack} UNLOCK={cloud.stack}"
        yield f"  lock: by {lock.owner}, {age} old; {state}"
    for urn, kind in checkpoints.live.pending:
        yield f"  interrupted while {kind}: {urn}; `make up{stack}` goes on"
    for urn in checkpoints.live.failed:
        yield f"  accepted and not finished: {urn}; `make up{stack}` tries again"
    for orphan in _orphans(cloud):
        yield f"  in no stack: {orphan}; `make up{stack}` takes up what an interrupted run has made"


def _described(generation: Generation) -> str:
    return f"{generation.name} of {generation.time}, {len(generation.resources)} resources"


def _orphans(cloud: LocalCloud) -> list[str]:
    """Ids of what exists and no readable checkpoint knows; none when no daemon can be asked."""
    client = Client.find(cloud.state)
    if client is None:
        return []
    stacks = (cloud.backend / ".pulumi" / "stacks").glob("*/*.json")
    known = {str(each.get("id", "")).lower() for path in stacks for each in Generation.read(path).resources}
    return [each for each in client.status()["resources"] if each.lower() not in known]


def _restore(cloud: LocalCloud, checkpoints: Checkpoints, name: str) -> int:
    with cloud.held():
        if checkpoints.locks():
            raise UsageError(f"{cloud.stack} is locked; see `make recover`, and restore when no engine is at work.")
        aside = checkpoints.restore(name)
    report(f"{_described(checkpoints.live)} is in place; the one before: {aside}. Next: make drift, then make up.")
    return 0


def _unlock(cloud: LocalCloud, checkpoints: Checkpoints, word: str) -> int:
    if word != cloud.stack:
        raise UsageError(f'UNLOCK="{word}" is not the stack. If its lock is meant: UNLOCK={cloud.stack}.')
    if alive := [lock for lock in checkpoints.locks() if lock.alive]:
        raise UsageError(f"{alive[0].owner} is at work on {cloud.stack}; end it first, with Ctrl-C.")
    with cloud.held() as lock:
        cloud.unlock(lock)
    return 0


def _plan(cloud: LocalCloud, path: Path) -> int:
    """Write an import plan of what exists. Raises UsageError when the program cannot be previewed."""
    with cloud.held() as lock, tempfile.TemporaryDirectory() as folder:
        cloud.prepare(cloud.build(), lock)  # the stack's memory of its release is lost too
        client = cloud.client()
        drafted = Path(folder) / "plan.json"
        arguments = ["preview", "--stack", cloud.stack, "--json", "--import-file", str(drafted)]
        preview: dict[str, Any] = json.loads(
            ask_engine(cloud.engine, arguments, cloud.engine_environment(client), lock=lock)
        )
        entries: list[dict[str, Any]] = json.loads(drafted.read_text(encoding="utf-8")).get("resources") or []
    plan, missing = filled(entries, preview, client.status()["resources"])
    write_plan(path, plan)
    command = f"pulumi import --file {path} --yes --protect=false --generate-code=false"
    report(f'{path} holds {len(plan)} resources. Next: eval "$(make -s env)"; {command}')
    for each in missing:
        report(f"  no id yet, or not there: {each}")
    return TROUBLE if missing else 0


if __name__ == "__main__":
    sys.exit(run_command(recover, os.environ))
