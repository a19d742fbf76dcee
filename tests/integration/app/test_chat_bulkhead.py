"""The API as a server, with a language model that never answers, under many connections."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp
import pytest
import uvicorn

from app.domain.models import Principal
from app.domain.seats import Seats
from app.language.guarded import GuardedModel
from tests.rig.cost import costs_no_more_beside
from tests.rig.loop_clock import loop_clock
from tests.rig.serving import serving
from tests.unit.app.memory import Api, NamedTokens
from tests.unit.app.memory_talks import HANG, ScriptedModel

CONNECTIONS = 500
CALLS = 32
WITHIN_S = 60


class AnyTokens(NamedTokens):
    """Each token proves the person that it names."""

    async def verify(self, token: str) -> Principal:
        return Principal(issuer="https://issuer.test", subject=token)


@asynccontextmanager
async def served(api: Api) -> AsyncGenerator[str]:
    """Serve the API on loopback; gives its address."""
    server = uvicorn.Server(
        uvicorn.Config(api.create(), host="127.0.0.1", port=0, log_config=None, ws="none", timeout_graceful_shutdown=1)
    )
    async with serving(server) as port:
        yield f"http://127.0.0.1:{port}"


async def ask_for_tasks(http: aiohttp.ClientSession) -> None:
    """Ask for what no model has to do with."""
    async with http.get("/api/v1/tasks") as answer:
        assert answer.status == 200
        await answer.read()


@pytest.mark.integration
async def test_a26_a_model_that_hangs_under_500_connections_leaves_other_endpoints_as_they_are() -> None:
    model = ScriptedModel([HANG])
    statuses: Counter[int] = Counter()
    numbers = itertools.count()

    async def ask(http: aiohttp.ClientSession) -> None:
        person = {"Authorization": f"Bearer person-{next(numbers)}"}
        async with http.post("/api/v1/chat/message", json={"message": "Why?"}, headers=person) as answer:
            statuses[answer.status] += 1
            assert answer.headers["Retry-After"]

    async with served(Api(model=GuardedModel(model), seats=Seats(most=CALLS), tokens=AnyTokens())) as address:
        headers = {"Authorization": "Bearer ada"}
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(address, headers=headers, connector=connector) as http, loop_clock() as clock:

            @asynccontextmanager
            async def hanging() -> AsyncGenerator[None]:
                statuses.clear()
                before = len(model.prompts)
                asking = [asyncio.create_task(ask(http)) for _ in range(CONNECTIONS)]
                async with asyncio.timeout(WITHIN_S):
                    while statuses[503] < CONNECTIONS - CALLS:  # noqa: ASYNC110 - until those beyond are refused
                        await asyncio.sleep(0.01)
                assert len(model.prompts) - before == CALLS
                yield
                assert dict(statuses) == {503: CONNECTIONS - CALLS}
                for one in asking:
                    one.cancel()
                await asyncio.gather(*asking, return_exceptions=True)
                async with asyncio.timeout(WITHIN_S):
                    while model.ended < before + CALLS:  # noqa: ASYNC110 - the server sees the callers leave
                        await asyncio.sleep(0.01)

            await costs_no_more_beside(hanging, lambda: ask_for_tasks(http), clock)
