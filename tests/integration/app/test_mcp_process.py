"""`python -m app mcp` under the official client, in both generations of the protocol."""

import json
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

from app.contract import McpEnv
from tests.integration.app.platform_parts import Platform
from tests.integration.app.replica_process import TOOL_AUDIENCE, Replica, Served, open_replica, run, serve
from tests.unit.app.issuer import AUDIENCE, open_issuer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def replica(platform: Platform, tmp_path: Path) -> AsyncGenerator[Replica]:
    async with open_issuer() as issuer, open_replica(platform, issuer, tmp_path) as made:
        done = await run("migrate", made.migrate())
        assert done[0] == 0, done
        yield made


def serve_mcp(replica: Replica, **changes: str) -> AbstractAsyncContextManager[Served]:
    """Run the tool server, with a client that proves a person."""
    return serve("mcp", {**replica.mcp(), **changes}, replica.issuer.token(aud=TOOL_AUDIENCE))


@asynccontextmanager
async def connected(served: Served, mode: str) -> AsyncGenerator[Client]:
    """Connect the official client to a running server."""
    headers = {"Authorization": served.http.headers["Authorization"]}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        transport = streamable_http_client(f"http://127.0.0.1:{served.port}/mcp", http_client=http)
        async with Client(transport, mode=mode) as client:
            yield client


def content(result: CallToolResult) -> Any:
    assert not result.is_error, result
    return result.structured_content


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_official_client_completes_a_tour(replica: Replica, mode: str) -> None:
    async with serve_mcp(replica) as served, connected(served, mode) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        verbs = ("create", "read", "change", "delete")
        things = {f"{verb}_{thing}" for verb in verbs for thing in ("task", "event")}
        assert names == {*things, "list_tasks", "list_events", "read_profile", "change_profile"}
        task = content(await client.call_tool("create_task", {"title": "Write", "due": "2026-12-01T10:00:00+02:00"}))
        assert content(await client.call_tool("list_tasks", {}))["items"] == [task]
        changed = content(await client.call_tool("change_task", {"id": task["id"], "status": "done", "version": 1}))
        assert content(await client.call_tool("read_task", {"id": task["id"]})) == changed
        refused = await client.call_tool("create_task", {"title": ""})
        assert refused.is_error
        content(await client.call_tool("delete_task", {"id": task["id"]}))
        assert content(await client.call_tool("list_tasks", {}))["items"] == []
        start, end = "2026-12-01T08:00:00Z", "2026-12-01T09:00:00Z"
        run = {"title": "Run", "starts_at": start, "ends_at": end, "recurrence": "FREQ=DAILY;COUNT=3"}
        event = content(await client.call_tool("create_event", run))
        content(await client.call_tool("change_event", {"id": event["id"], "excluded": [start]}))
        week = {"since": "2026-12-01T00:00:00Z", "before": "2026-12-08T00:00:00Z"}
        assert len(content(await client.call_tool("list_events", week))["items"]) == 2
        content(await client.call_tool("delete_event", {"id": event["id"]}))


async def test_it_is_ready_and_ends_in_order(replica: Replica) -> None:
    async with serve_mcp(replica) as served:
        async with served.http.get("/health/ready") as answer:
            assert (answer.status, (await answer.json())["checks"]) == (
                200,
                {"database": "ok", "cache": "degraded", "vault": "degraded"},
            )
        code, log = await served.stop()
    assert code == 0
    assert all(json.loads(line)["level"] in {"info", "warning"} for line in log.splitlines())


async def test_a35_a_token_for_the_api_opens_no_tool(replica: Replica) -> None:
    async with serve_mcp(replica) as served:
        for audience, status in ((TOOL_AUDIENCE, 200), (AUDIENCE, 401)):
            headers = {"Authorization": f"Bearer {replica.issuer.token(aud=audience)}", "Accept": "application/json"}
            ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
            async with served.http.post("/mcp", json=ping, headers=headers) as answer:
                assert answer.status == status


async def test_it_starts_and_lives_without_its_database(replica: Replica) -> None:
    async with serve_mcp(replica, **{McpEnv.DATABASE_HOST: "127.0.0.1:1"}) as served:
        async with served.http.get("/health/ready") as answer:
            assert (answer.status, (await answer.json())["checks"]["database"]) == (503, "failed")
        async with connected(served, "auto") as client:
            result = await client.call_tool("list_tasks", {})
    assert result.is_error
    assert "try again later" in str(result.content)
