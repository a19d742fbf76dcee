"""`make guard`: refuse a change that would delete or replace what holds data, unless it is approved in writing.

`protect` in the stack file stops the engine by itself; this stops it where nothing is protected, before `make up` on
Azure. An approval names the resource and the change, gives a reason, and holds up to and including its day of expiry.
"""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, Literal, cast

import yaml

from ops.engine import find_engine
from ops.engine_run import ask_engine
from ops.local_cloud import LocalCloud
from ops.target import Target, UsageError, report, run_command
from policy.registration import AZURE_NATIVE
from policy.rules.governance import STATEFUL

FILE: Final = Path(__file__).with_name("approvals.yaml")
PREVIEW: Final = ("preview", "--json")
_KEYS: Final = {"urn", "change", "reason", "expires"}


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a run would do to something that holds data."""

    urn: str
    change: Literal["delete", "replace"]


@dataclass(frozen=True, kw_only=True)
class Approval:
    """One change that somebody wants, why, and the last day on which it may happen."""

    urn: str
    change: str
    reason: str
    expires: date


def guard(environ: Mapping[str, str]) -> int:
    """Preview the stack, and refuse what is not approved."""
    target = Target.of(environ)
    engine = find_engine(report)
    if target.cloud == "azure":
        refuse_destruction(engine, target.stack, environ)
    else:
        cloud = LocalCloud(engine, environ, target.stack)
        with cloud.held() as lock:
            cloud.prepare(None, lock)
            arguments = [*PREVIEW, "--stack", target.stack]
            answer = ask_engine(engine, arguments, cloud.engine_environment(cloud.client()), lock=lock)
            _refuse(json.loads(answer))
    report("nothing that holds data would be lost")
    return 0


def refuse_destruction(engine: Path, stack: str, environ: Mapping[str, str]) -> None:
    """Ask the engine on Azure what it would do. Raises UsageError when that is not approved, or cannot be told."""
    report("asking whether data would be lost")
    _refuse(json.loads(ask_engine(engine, [*PREVIEW, "--stack", stack], environ)))


def _refuse(preview: Mapping[str, Any]) -> None:
    today = datetime.now(UTC).date()
    approvals = read_approvals(FILE.read_text(encoding="utf-8"))
    if refused := unapproved(destroyed(preview), approvals, today):
        lines = [f"  {each.change}: {each.urn}" for each in refused]
        raise UsageError(
            "\n".join(["this would lose data:", *lines])
            + f"\nIf it is meant, approve each in ops/{FILE.name} (urn, change, reason, expires), after a backup."
        )


def destroyed(preview: Mapping[str, Any]) -> list[Change]:
    """What a `pulumi preview --json` would delete or replace of the types that hold data."""
    kinds: Mapping[str, Literal["delete", "replace"]] = {"delete": "delete", "replace": "replace"}
    return [
        Change(urn=step["urn"], change=kinds[step["op"]])
        for step in preview["steps"]
        if step["op"] in kinds and _type(step["urn"]) in STATEFUL
    ]


def unapproved(changes: Iterable[Change], approvals: Sequence[Approval], today: date) -> list[Change]:
    """The changes that no approval allows today."""
    allowed = {(approval.urn, approval.change) for approval in approvals if today <= approval.expires}
    return [change for change in changes if (change.urn, change.change) not in allowed]


def read_approvals(text: str) -> list[Approval]:
    """The approvals of the file. Raises UsageError for an entry that is not whole."""
    found: list[Approval] = []
    for number, entry in enumerate(cast("list[Any]", yaml.safe_load(text) or []), start=1):
        fields = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}
        whole = set(fields) == _KEYS and type(fields["expires"]) is date and str(fields["reason"] or "").strip()
        if not whole or fields["change"] not in {"delete", "replace"}:
            raise UsageError(
                f"approval {number} ({entry}) of ops/{FILE.name} is not whole: it needs urn, change (delete or "
                "replace), reason, and expires as 2027-06-30."
            )
        found.append(Approval(**fields))
    return found


def _type(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2].removeprefix(AZURE_NATIVE)


if __name__ == "__main__":
    sys.exit(run_command(guard, os.environ))
