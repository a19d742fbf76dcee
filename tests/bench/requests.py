"""What a request costs the API, beside the physical limit, itself without telemetry, and FastAPI."""

import asyncio
import statistics
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Final

import uvloop

from app.telemetry.delivery import SPANS_EVERY_S
from ops.target import report
from tests.bench.deployed import Deployed
from tests.bench.page import Goal, Row, Section
from tests.bench.servers import Server, serve, stay_on_the_loads_core
from tests.bench.tokens import cached_check
from tests.load.driver import Load
from tests.load.mix import MIX, Kind, requests_of

TITLE: Final = "Requests"
ROUNDS: Final = 5
LOAD: Final = Load(users=32, seconds=3.0)
WARM_UP: Final = Load(users=32, seconds=10.0)
AGAIN: Final = Load(users=32, seconds=1.0)
"""Before each measurement: a server that has stood still for its neighbours' turns has old answers and a cold cache."""
REST_S: Final = SPANS_EVERY_S + 1.0
"""After each: what was traced is delivered some seconds later, at several times the price of tracing it."""
READ: Final = tuple(kind for kind in MIX if kind.name == "tasks")
_METHOD: Final = """\
One server at a time on one core, the load from the other; 1,000 people with 20 tasks and events each, with an
RS256 token each; one request in ten traced, and at this rate about 20 a second, as that bounds it. A figure is the
median over the rounds of the server's own CPU time per request, user and system, until what was traced is delivered; it
hardly moves when a neighbour works. A ratio is that of raw ASGI (bytes, by the same uvicorn) by it, except where a line
says otherwise."""
_REMARK: Final = """\
A fifth of the mix is chat. Its language model is asked through its official SDK over TLS, with the provider stubbed at
the network, and the SDK alone costs more than the goal leaves for all of a request. The second line has the model
stubbed behind the service's own port. What is left is what a chat message takes by the other rules, in three trips:
the limit of all replicas is asked; one statement reads the plan and ten messages, which are unsealed, and notes the
disclosure; another keeps question and answer, which are sealed. The goal was measured with one statement there."""

Costs = dict[str, list[float]]


def requests(deployed: Deployed) -> Section:
    """Measure requests."""
    environ = deployed.replica("api")
    read, mixed = uvloop.run(_measure(environ, deployed.tokens(environ)))
    rows = [
        _beside("Cached GET of 20 tasks", read, "service", 0.17),
        _against_fastapi(read),
        Row(what="The same without telemetry", value=f"{statistics.median(read['silent']):.0f} us"),
        _beside("The mix, with the SDK of the language model", mixed, "service", 0.10),
        _cost_of_telemetry(mixed),
        _beside("The mix, with the model stubbed in the process", mixed, "stubbed", 0.10),
        cached_check(),
        Row(what="Raw ASGI", value=f"{statistics.median(read['raw']):.0f} us", ratio=1.0),
    ]
    return Section(name="requests", title=TITLE, method=_METHOD, rows=rows, remark=_REMARK)


async def _measure(environ: Mapping[str, str], tokens: Sequence[str]) -> tuple[Costs, Costs]:
    stay_on_the_loads_core()
    with ExitStack() as stack:
        servers = [stack.enter_context(serve(name, environ)) for name in ("raw", "service", "silent", "peer")]
        read = await _rounds(servers, tokens, READ)
    with ExitStack() as stack:
        servers = [stack.enter_context(serve(name, environ)) for name in ("raw", "service", "silent", "stubbed")]
        mixed = await _rounds(servers, tokens, MIX)
    return read, mixed


async def _rounds(servers: Sequence[Server], tokens: Sequence[str], kinds: Sequence[Kind]) -> Costs:
    costs: Costs = {server.name: [] for server in servers}
    streams = {server.name: requests_of(tokens, kinds=kinds) for server in servers}
    for number in range(ROUNDS + 1):
        for server in servers:
            rest_s = 0.0 if server.name == "raw" else REST_S  # which has nothing to do beside its requests
            await server.bear(streams[server.name], AGAIN if number else WARM_UP, rest_s=rest_s)
            borne = await server.bear(streams[server.name], LOAD, rest_s=rest_s)
            if borne.outcome.errors:
                raise RuntimeError(f"{server.name}: {borne.outcome.statuses} {borne.outcome.failures}")
            if number:
                costs[server.name].append(borne.cpu_us)
        report(f"  {kinds[0].name if len(kinds) == 1 else 'mix'}: round {number} of {ROUNDS}")
        await asyncio.sleep(0)
    return costs


def ratio_of(costs: Costs, name: str, unit: str) -> float:
    """Return the median over the rounds of what the unit takes, by what this takes."""
    return statistics.median(one / own for one, own in zip(costs[unit], costs[name], strict=True))


def _beside(what: str, costs: Costs, name: str, least: float) -> Row:
    ratio = ratio_of(costs, name, "raw")
    figure = f"{statistics.median(costs[name]):.0f} us"
    return Row(what=what, value=figure, ratio=ratio, goal=Goal.at_least(least, ratio))


def _against_fastapi(costs: Costs) -> Row:
    ratio = ratio_of(costs, "service", "peer")
    return Row(
        what="The same, against FastAPI behind the same layers",
        value=f"{statistics.median(costs['peer']):.0f} us there",
        ratio=ratio,
        goal=Goal.at_least(1.5, ratio),
    )


def _cost_of_telemetry(costs: Costs) -> Row:
    ratio = 1 / ratio_of(costs, "service", "silent")
    return Row(
        what="The same, against itself without telemetry",
        value=f"{statistics.median(costs['silent']):.0f} us without",
        ratio=ratio,
        goal=Goal.at_most(1.1, ratio),
    )
