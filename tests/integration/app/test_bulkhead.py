"""Requests that wait for something slow leave the others alone."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID, uuid4

import aiohttp
import uvicorn

from app.__main__ import SERVER
from app.domain.models import Principal, Task
from app.server.bounded_http import BoundedHttp
from tests.rig.cost import costs_no_more_beside
from tests.rig.loop_clock import loop_clock
from tests.rig.serving import serving
from tests.unit.app.memory import Api, MemoryTasks

WITHIN_S: Final = 120
SLOW: Final = 500


class SlowTasks(MemoryTasks):
    """Answers for one task when the test says so, for lists at once."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = 0
        self.answer = asyncio.Event()

    async def get(self, owner: Principal, task_id: UUID) -> Task:
        self.waiting += 1
        await self.answer.wait()
        return await super().get(owner, task_id)


async def ask(http: aiohttp.ClientSession) -> None:
    """Ask for what is quick, never the same twice, so that no cache answers."""
    async with http.get(f"/api/v1/tasks?x={uuid4()}") as answer:
        assert answer.status == 200


async def test_a26_five_hundred_requests_that_wait_leave_the_others_as_quick_as_before() -> None:
    tasks = SlowTasks()
    server = uvicorn.Server(
        uvicorn.Config(Api(tasks=tasks).create(), host="127.0.0.1", port=0, http=BoundedHttp, **SERVER)
    )
    async with serving(server) as port, asyncio.timeout(WITHIN_S), loop_clock() as clock:
        address = f"http://127.0.0.1:{port}"
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(address, connector=connector, headers={"Authorization": "Bearer ada"}) as http:

            @asynccontextmanager
            async def waiting() -> AsyncGenerator[None]:
                tasks.waiting = 0
                tasks.answer.clear()
                slow = [asyncio.create_task(http.get(f"/api/v1/tasks/{uuid4()}")) for _ in range(SLOW)]
                while tasks.waiting < SLOW:  # noqa: ASYNC110 - until all wait
                    await asyncio.sleep(0.01)
                yield
                tasks.answer.set()
                answers = await asyncio.gather(*slow)
                assert {answer.status for answer in answers} == {404}
                for answer in answers:
                    answer.release()

            await costs_no_more_beside(waiting, lambda: ask(http), clock)
