"""Calls of tools over connections: many at once, and one whose caller leaves."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from uuid import UUID, uuid4

import aiohttp
import pytest
import uvicorn

from app.__main__ import SERVER
from app.domain.models import Principal, Task
from app.server.bounded_http import BoundedHttp
from tests.rig.serving import serving
from tests.unit.app.memory import MemoryTasks
from tests.unit.app.tool_server import HEADERS, Tools

WITHIN_S: Final = 30
CALLS: Final = 100
ENVELOPE: Final[dict[str, Any]] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


class WaitingTasks(MemoryTasks):
    """Never gives a task; tells when one is waited for, and when no longer."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()
        self.stopped = asyncio.Event()

    async def get(self, owner: Principal, task_id: UUID) -> Task:
        self.asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.stopped.set()
        return await super().get(owner, task_id)


@asynccontextmanager
async def served(tools: Tools) -> AsyncGenerator[aiohttp.ClientSession]:
    """Serve tools on loopback; gives a client without a person."""
    server = uvicorn.Server(uvicorn.Config(tools.create(), host="127.0.0.1", port=0, http=BoundedHttp, **SERVER))
    async with (
        serving(server) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}", connector=aiohttp.TCPConnector(limit=0)) as http,
    ):
        yield http


async def call(
    http: aiohttp.ClientSession, person: str, name: str, *, number: int, modern: bool, arguments: dict[str, Any]
) -> Any:
    """Call a tool in one of the two generations of the protocol; gives the document of the answer."""
    parameters: dict[str, Any] = {"name": name, "arguments": arguments, **({"_meta": ENVELOPE} if modern else {})}
    named = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": name} if modern else {}
    headers = {**HEADERS, "Authorization": f"Bearer {person}", **named}
    message = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": parameters}
    async with http.post("/mcp", json=message, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


@pytest.mark.parametrize("modern", [False, True], ids=["2025-06-18", "2026-07-28"])
async def test_a35_a_call_whose_caller_leaves_is_ended(*, modern: bool) -> None:
    tasks, one = WaitingTasks(), {"id": str(uuid4())}
    async with served(Tools(tasks=tasks)) as http:
        calling = asyncio.create_task(call(http, "ada", "read_task", number=1, modern=modern, arguments=one))
        await asyncio.wait_for(tasks.asked.wait(), WITHIN_S)
        calling.cancel()
        with suppress(asyncio.CancelledError):
            await calling
        await asyncio.wait_for(tasks.stopped.wait(), WITHIN_S)


@pytest.mark.parametrize("modern", [False, True], ids=["2025-06-18", "2026-07-28"])
async def test_a35_each_of_many_calls_at_once_gets_its_own_answer(*, modern: bool) -> None:
    async with served(Tools()) as http:

        async def create(number: int, who: str) -> Any:
            title = {"title": f"{who} {number}"}
            return await call(http, who, "create_task", number=number, modern=modern, arguments=title)

        people = ["ada", "bob"] * (CALLS // 2)
        made = await asyncio.gather(*(create(number, who) for number, who in enumerate(people)))
        assert [answer["id"] for answer in made] == list(range(CALLS))
        titles = [answer["result"]["structuredContent"]["title"] for answer in made]
        assert titles == [f"{who} {number}" for number, who in enumerate(people)]
        for who in ("ada", "bob"):
            listed = await call(http, who, "list_tasks", number=CALLS, modern=modern, arguments={"limit": 100})
            seen = [task["title"] for task in listed["result"]["structuredContent"]["items"]]
            assert sorted(seen) == sorted(title for title in titles if title.startswith(who))
