"""`make load`: the plan's load test (section 4.4) against a running API, with nothing but Python.

Exits with 1 when a request failed, the mean is not under 200 ms, or 5 in 100 take 500 ms.
"""

import os
import sys
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import uvloop

from ops.target import report, run_command
from tests.load.driver import Load, Outcome, drive
from tests.load.mix import MIX, requests_of
from tests.load.people import count_of, service_of
from tests.load.plan import MEAN_MS, P95_MS, THINK_S

USERS: Final = 50
SECONDS: Final = 30


def load(environ: Mapping[str, str]) -> int:
    """Let USERS people ask for SECONDS, print what came of it, and return the exit status."""
    users, seconds = count_of(environ, "USERS", USERS), count_of(environ, "SECONDS", SECONDS)
    service = service_of(environ, users)
    fields = {"Host": urlsplit(service.url).netloc, **service.fields}
    report(f"{users} people ask {service.url} for {seconds} s, with 1.5 to 4.5 s between answer and question")
    requests = requests_of(service.tokens, fields=fields)
    load = Load(users=users, seconds=seconds, think=THINK_S)
    outcome = uvloop.run(drive(service.url, requests, load, trust=service.trust))
    print(table(outcome))
    quick = outcome.mean() * 1000 < MEAN_MS and outcome.percentile(0.95) * 1000 < P95_MS
    return 0 if quick and not outcome.errors else 1


def table(outcome: Outcome) -> str:
    """Write what came of a load, a line per kind of request."""
    lines = [f"{'':10}{'requests':>10}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}"]
    for name in ("", *(kind.name for kind in MIX)):
        count = len(outcome.latencies.get(name, ())) if name else outcome.count
        shares = (outcome.percentile(share, name) * 1000 for share in (0.5, 0.95, 0.99))
        lines.append(f"{name or 'all':10}{count:>10}" + "".join(f"{milliseconds:>9.1f}" for milliseconds in shares))
    lines.append(f"{outcome.per_second:.0f} per second, mean {outcome.mean() * 1000:.1f} ms, {outcome.errors} errors")
    lines += [f"  {count} x status {status}" for status, count in outcome.statuses.items() if not 200 <= status < 300]
    lines += [f"  {count} x {reason}" for reason, count in outcome.failures.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(run_command(load, os.environ))
