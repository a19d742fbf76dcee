"""`make bench`: what the platform and the service cost, as ratios, written to docs/performance.md."""

import os
import sys
from collections.abc import Callable, Mapping
from typing import Final

from ops.target import UsageError, report, run_command
from tests.bench import lists, platform, requests, roles, users
from tests.bench.deployed import Deployed, deployed
from tests.bench.page import Section, write

TITLES: Final = (platform.TITLE, requests.TITLE, lists.TITLE, roles.TITLE, users.TITLE)
"""Of the sections, as the page has them."""
PLATFORM: Final = "platform"
PARTS: Final[Mapping[str, Callable[[Deployed], Section]]] = {
    "requests": requests.requests,
    "roles": roles.roles,
    "users": users.users,
    "lists": lists.lists,
}
"""What is measured on a deployment; lists come last, as they fill its tables."""


def bench(environ: Mapping[str, str]) -> int:
    """Measure every part, or PART alone, write the page after each, print it, and return the exit status."""
    wanted, known = environ.get("PART"), (PLATFORM, *PARTS)
    if wanted and wanted not in known:
        raise UsageError(f"PART={wanted}: no such part of the bench (allowed {', '.join(known)}).")
    names = [wanted] if wanted else known
    page = ""
    if PLATFORM in names:
        page = write([platform.platform(environ)], TITLES)
    if parts := {name: measure for name, measure in PARTS.items() if name in names}:
        with deployed(environ) as one:
            for name, measure in parts.items():
                report(f"part: {name}")
                page = write([measure(one)], TITLES)
    print(page)
    return 0


if __name__ == "__main__":
    sys.exit(run_command(bench, os.environ))
