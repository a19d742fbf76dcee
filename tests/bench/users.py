"""A thousand people at a time, as the plan's load test has them."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import uvloop

from ops.target import report
from tests.bench.deployed import Deployed
from tests.bench.page import Goal, Row, Section
from tests.bench.servers import Borne, serve, stay_on_the_loads_core
from tests.bench.slow_queries import SlowQueries, slow_queries
from tests.load.driver import Load
from tests.load.mix import MIX, requests_of
from tests.load.plan import MEAN_MS, P95_MS, THINK_S

TITLE: Final = "Users"
USERS: Final = 1000
SECONDS: Final = 300.0
ARRIVAL: Final = Load(users=USERS, seconds=60.0, think=10.0)
"""Not counted: each person's key is unwrapped, and each answer is made for the first time."""
QUERY_MS: Final = 100
SHOWN: Final = 10
HITS: Final = ("near", "stale", "joined", "shared")
_METHOD: Final = """\
One replica of the API on one core bears 1,000 people for 5 minutes, each on a connection and from an address of their
own, who ask for the mix and wait 1.5 to 4.5 s between an answer and their next question, after a minute in which they
arrive. The load, PostgreSQL, Redis and the language model's stub share the other core with all else of this machine.
Queries are counted by PostgreSQL itself, in its log: every statement of every session, planning and commits too."""


def users(deployed: Deployed) -> Section:
    """Measure a thousand people."""
    seconds = float(os.environ.get("SECONDS") or SECONDS)
    borne, slow, reads = uvloop.run(_measure(deployed, seconds))
    outcome = borne.outcome
    mean, p95 = outcome.mean() * 1000, outcome.percentile(0.95) * 1000
    kinds = ", ".join(f"{kind.name} {outcome.percentile(0.95, kind.name) * 1000:.0f}" for kind in MIX)
    rows = [
        Row(what="Requests", value=f"{outcome.count:,} in {seconds:g} s, {outcome.per_second:.0f} per second"),
        Row(what="Errors", value=str(outcome.errors), goal=Goal("0", met=outcome.errors == 0)),
        Row(what="Mean", value=f"{mean:.0f} ms", goal=Goal.below(MEAN_MS, mean, " ms")),
        Row(what="95 of 100 within", value=f"{p95:.0f} ms", goal=Goal.below(P95_MS, p95, " ms")),
        Row(what="The same by kind, in ms", value=kinds),
        _queries(slow),
        _hits(reads),
        Row(what="CPU of the replica", value=f"{borne.cpu_us:.0f} us per request"),
    ]
    if outcome.errors:
        report(f"  {outcome.statuses} {outcome.failures}")
    return Section(name="users", title=TITLE, method=_METHOD, rows=rows)


def _queries(slow: SlowQueries) -> Row:
    for took, what in sorted(slow.found, reverse=True)[:SHOWN]:
        report(f"  {took:.0f} ms: {what}")
    longest = f", the longest of {max(slow.found)[0]:.0f} ms" if slow.found else ""
    return Row(
        what=f"Queries over {slow.over_ms} ms",
        value=f"{len(slow.found)}{longest}",
        goal=Goal("0", met=not slow.found),
    )


async def _measure(deployed: Deployed, seconds: float) -> tuple[Borne, SlowQueries, Mapping[str, int]]:
    environ = deployed.replica("api")
    tokens = deployed.tokens(environ, USERS)
    stay_on_the_loads_core()
    with TemporaryDirectory() as folder:
        counts = Path(folder) / "reads.json"
        with serve("service", environ, counts) as server:
            await server.bear(requests_of(tokens), ARRIVAL)
            report(f"  {USERS} users for {seconds:g} s")
            async with slow_queries(deployed.postgres(), QUERY_MS) as slow:
                borne = await server.bear(requests_of(tokens), Load(users=USERS, seconds=seconds, think=THINK_S))
        return borne, slow, json.loads(counts.read_text(encoding="utf-8"))


def _hits(reads: Mapping[str, int]) -> Row:
    hits = sum(reads.get(name, 0) for name in HITS)
    all_reads = hits + reads.get("miss", 0) + reads.get("unshared", 0)
    ratio = hits / all_reads
    what = "Reads that the cache answers, from a cold start"
    return Row(what=what, value=f"{hits:,} of {all_reads:,}", ratio=ratio, goal=Goal.above(0.8, ratio))
