"""The demand to end: nobody notices, whoever deals requests to replicas, and whatever is under way."""

import asyncio
import itertools
import json
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio
import uvicorn

from app.__main__ import SERVER
from app.domain.leaving import Leaving
from app.server.bounded_http import BoundedHttp
from app.server.leaving import LEAD_S, LeavingServer
from tests.integration.app.platform_parts import Platform
from tests.integration.app.replica_process import WITHIN_S, Replica, Served, open_replica, run, serve
from tests.rig.serving import serving
from tests.unit.app.issuer import open_issuer
from tests.unit.app.memory import ADA, Api
from tests.unit.app.memory_talks import HANG, ScriptedModel

pytestmark = pytest.mark.asyncio(loop_scope="module")

TASKS: Final = "/api/v1/tasks"
ROUNDS: Final = 10
AT_ONCE: Final = 2
"""Replicas that serve, and that are replaced in a round."""
CLIENTS: Final = 50
PAUSE_S: Final = 0.1
"""Between two requests of a client at least."""
PATIENCE: Final = 4
"""A client pauses so many times as long as its last answer took: on a machine that is slow there are few requests at
once, so that what fails fails by a restart, and not because too much is asked."""
REQUESTS: Final = 5_000
PROBE_S: Final = 0.3


class LostError(Exception):
    """A connection broke under a request."""


async def once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send a request once: aiohttp would repeat some, which would hide what the service loses."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise LostError(repr(error)) from error


@dataclass
class Rotation:
    """Deals requests to ready replicas in turn, on kept connections, and asks them as a platform does if they are."""

    ready: dict[int, aiohttp.ClientSession] = field(default_factory=dict[int, aiohttp.ClientSession])
    farewells: list[int] = field(default_factory=list[int])
    """What each replica answered last to whether it is ready, before it was gone."""
    statuses: Counter[int | str] = field(default_factory=Counter[int | str])
    turns: "itertools.count[int]" = field(default_factory=itertools.count)

    async def watch(self, port: int, token: str) -> None:
        """Have a replica in the rotation while it is ready, until it is gone."""
        headers = {"Authorization": f"Bearer {token}"}
        address = f"http://127.0.0.1:{port}"
        async with (
            aiohttp.ClientSession(address, headers=headers, middlewares=(once,)) as http,
            aiohttp.ClientSession(address, connector=aiohttp.TCPConnector(force_close=True)) as probes,
        ):
            last = 0
            while verdict := await _verdict(probes):
                last = verdict
                if verdict == 200:
                    self.ready[port] = http
                else:
                    self.ready.pop(port, None)
                await asyncio.sleep(PROBE_S)
            self.farewells.append(last)
            self.ready.pop(port, None)
            await asyncio.sleep(LEAD_S)  # answers under way are still read from its connections

    async def ask(self) -> None:
        """Let a request have its turn; it waits while no replica is ready, as at an ingress."""
        async with asyncio.timeout(WITHIN_S):
            while not self.ready:  # noqa: ASYNC110 - until a probe has seen one
                await asyncio.sleep(0.02)
        number = next(self.turns)
        http = list(self.ready.values())[number % len(self.ready)]
        method, body = ("POST", {"title": "Write"}) if number % 5 == 0 else ("GET", None)
        try:
            async with http.request(method, f"{TASKS}?x={uuid4()}", json=body) as answer:
                await answer.read()
                self.statuses[answer.status] += 1
        except (LostError, aiohttp.ClientError, TimeoutError) as error:
            self.statuses[repr(error)] += 1


async def _verdict(probes: aiohttp.ClientSession) -> int:
    """Ask whether a replica is ready; 0 when it is gone."""
    try:
        async with probes.get("/health/ready") as answer:
            return answer.status
    except aiohttp.ClientError:
        return 0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replica(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Replica]:
    async with open_issuer() as issuer, open_replica(platform, issuer, tmp_path_factory.mktemp("replica")) as made:
        assert (await run("migrate", made.migrate()))[0] == 0
        yield made


async def test_a10_no_request_fails_in_twenty_restarts_under_load(replica: Replica) -> None:
    rotation, token = Rotation(), replica.issuer.token()
    over = asyncio.Event()

    async def client() -> None:
        while not over.is_set():
            asked = time.monotonic()
            await rotation.ask()
            await asyncio.sleep(max(PAUSE_S, PATIENCE * (time.monotonic() - asked)))

    async def end(served: Served) -> float:
        started = time.monotonic()
        assert (await served.stop())[0] == 0
        return time.monotonic() - started

    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:

        async def start() -> Served:
            served = await stack.enter_async_context(serve("api", replica.api(), token))
            group.create_task(rotation.watch(served.port, token))
            async with asyncio.timeout(WITHIN_S):
                while served.port not in rotation.ready:  # noqa: ASYNC110 - until a probe has seen it
                    await asyncio.sleep(0.02)
            return served

        serving = await asyncio.gather(*(start() for _ in range(AT_ONCE)))
        clients = [group.create_task(client()) for _ in range(CLIENTS)]
        ends: list[asyncio.Task[float]] = []
        for _ in range(ROUNDS):
            next_ones = await asyncio.gather(*(start() for _ in range(AT_ONCE)))
            ends += [group.create_task(end(served)) for served in serving]
            serving = next_ones
        seconds = [await one for one in ends]
        while rotation.statuses.total() < REQUESTS:  # noqa: ASYNC110 - on a quick machine
            await asyncio.sleep(0.1)
        over.set()
        await asyncio.gather(*clients)
        await asyncio.gather(*(end(served) for served in serving))

    assert set(rotation.statuses) == {200, 201}, rotation.statuses
    assert rotation.statuses.total() >= REQUESTS
    assert (len(seconds), set(rotation.farewells)) == (ROUNDS * AT_ONCE, {503})
    assert max(seconds) < 25


@asynccontextmanager
async def leaving_server(api: Api) -> AsyncGenerator[tuple[LeavingServer, aiohttp.ClientSession]]:
    """Serve the API on loopback, until a test ends the server."""
    server = LeavingServer(uvicorn.Config(api.create(), host="127.0.0.1", port=0, http=BoundedHttp, **SERVER))
    headers = {"Authorization": "Bearer ada"}
    async with serving(server) as port, aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as http:
        yield server, http


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
async def test_a10_an_answer_of_the_model_that_the_end_cuts_is_kept_and_marked(accept: str) -> None:
    api = Api(leaving=Leaving(last_s=0.2), model=ScriptedModel(["Be", HANG]))
    async with leaving_server(api) as (server, http):
        asking = asyncio.create_task(
            http.post("/api/v1/chat/message", json={"message": "Why?"}, headers={"Accept": accept})
        )
        assert isinstance(api.model, ScriptedModel)
        await asyncio.wait_for(api.model.started.wait(), WITHIN_S)
        server.should_exit = True
        async with await asking as answer:
            said = (await answer.read()).decode()
    [question, kept] = sorted((await api.chat.page(ADA, limit=9, after=None)).messages, key=lambda one: one.id)
    assert (question.content, kept.content, kept.partial) == ("Why?", "Be", True)
    if accept == "application/json":
        assert json.loads(said)["answer"]["partial"] is True
    else:
        names = [line.removeprefix("event: ") for line in said.splitlines() if line.startswith("event: ")]
        assert names == ["delta", "error", "done"]


async def test_a10_a_server_told_to_end_says_so_before_it_is_gone_and_closes_its_connections_in_order() -> None:
    async with leaving_server(Api()) as (server, http):
        async with http.get("/health/ready") as answer:
            assert (answer.status, answer.headers.get("Connection")) == (200, None)
        server.should_exit = True
        async with asyncio.timeout(WITHIN_S):
            while True:
                async with http.get("/health/ready") as answer:
                    if answer.status == 503:
                        break
                await asyncio.sleep(0.02)
        async with http.get(TASKS) as answer, http.get("/health") as alive:
            assert (answer.status, answer.headers["Connection"], alive.status) == (200, "close", 200)
