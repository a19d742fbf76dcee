"""`make drift`: what was changed behind the program's back, by class; exit status 2 when there is any."""

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ops.engine import find_engine, need_language_host
from ops.engine_run import ask_engine
from ops.local_cloud import LocalCloud
from ops.target import Target, report, run_command

DRIFTED: Final = 2
CLASSES: Final[Mapping[str, str]] = {
    "security": r"access|acl|auth|tls|ssl|https|firewall|rule|network|identity|principal|role|scope|secret|key|encrypt|"
    r"protocol|ingress|traffic|lock|immutab|softdelete|purge|policy|certificate|cors|password|admin|expose|public",
    "capacity": r"sku|scale|replica|cpu|memory|capacity|size|storage|retention|quota|count|units|zone|tier",
    "cosmetic": r"^tags|description|displayname|notes|comment",
}
"""A class by what a property path holds, the first that fits; a tag is never more than cosmetic."""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """One property that is not as the program left it; of a resource that is gone, all of it."""

    kind: str
    urn: str
    property: str


def drift(environ: Mapping[str, str]) -> int:
    """Print what has drifted and return the exit status."""
    target = Target.of(environ)
    engine = find_engine(report)
    arguments = ["refresh", "--stack", target.stack, "--preview-only", "--json"]
    if target.cloud == "azure":
        need_language_host(engine, environ)
        answer = ask_engine(engine, arguments, environ)
    else:
        cloud = LocalCloud(engine, environ, target.stack)
        with cloud.held() as lock:
            cloud.prepare(None, lock)
            answer = ask_engine(engine, arguments, cloud.engine_environment(cloud.client()), lock=lock)
    found = sorted(drifts(json.loads(answer)), key=lambda each: (_ORDER.index(each.kind), each.urn))
    for each in found:
        print(f"{each.kind:<9} {each.urn.split('::', 2)[2]}  {each.property}")
    report(f"{len(found)} properties have drifted; nothing was changed" if found else "nothing has drifted")
    return DRIFTED if found else 0


_ORDER: Final[Sequence[str]] = ("security", "capacity", "other", "cosmetic")


def drifts(refresh: Mapping[str, Any]) -> Iterator[Drift]:
    """What a `pulumi refresh --preview-only --json` found."""
    for step in refresh["steps"]:
        if step["op"] == "delete":
            yield Drift(kind="security", urn=step["urn"], property="is gone")
        elif step["op"] == "update":
            paths: list[str] = sorted(step.get("detailedDiff") or {}) or list(step.get("diffReasons") or ["changed"])
            yield from (Drift(kind=kind_of(path), urn=step["urn"], property=path) for path in paths)


def kind_of(path: str) -> str:
    """The class of a property path."""
    if re.search(CLASSES["cosmetic"], path, re.IGNORECASE):
        return "cosmetic"
    return next((kind for kind, words in CLASSES.items() if re.search(words, path, re.IGNORECASE)), "other")


if __name__ == "__main__":
    sys.exit(run_command(drift, os.environ))
