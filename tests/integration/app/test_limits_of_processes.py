"""Limits that processes of different roles share, as the platform runs them."""

import asyncio
from pathlib import Path

import pytest

from app.contract import ApiEnv
from localazure.redis.server import Memory
from localazure.redis.servers import RedisServers
from tests.integration.app.platform_parts import API, MCP, Platform
from tests.integration.app.redis_parts import until
from tests.integration.app.replica_process import TOOL_AUDIENCE, Served, open_replica, serve
from tests.unit.app.issuer import open_issuer

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUOTA = 30
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


async def finds_redis(served: Served) -> bool:
    async with served.http.get("/health/ready") as answer:
        return (await answer.json())["checks"]["cache"] == "ok"


async def test_a15_what_the_api_lets_through_counts_at_the_tool_server_too(platform: Platform, tmp_path: Path) -> None:
    servers = RedisServers(tmp_path / "redis", platform.authority, platform.signer)
    port = await servers.create("amr-test", Memory(limit_bytes=0, policy="allkeys-lfu"))
    for identity in (API, MCP):
        await servers.admit("amr-test", identity.object_id)
    few = {ApiEnv.REDIS_PORT: str(port), ApiEnv.LIMIT_PER_PERSON: str(QUOTA), ApiEnv.DATABASE_HOST: "127.0.0.1:1"}
    try:
        async with (
            open_issuer() as issuer,
            open_replica(platform, issuer, tmp_path) as replica,
            serve("api", {**replica.api(), **few}, issuer.token()) as api,
            serve("mcp", {**replica.mcp(), **few}, issuer.token(aud=TOOL_AUDIENCE)) as tools,
        ):
            for served in (api, tools):
                await until(lambda served=served: finds_redis(served))
            for _ in range(QUOTA):
                async with api.http.get("/api/v1/tasks") as answer:
                    assert answer.status == 503, "there is no database, and it is counted all the same"
            statuses = list[int]()

            async def is_refused() -> bool:
                async with tools.http.post("/mcp", json=PING, headers={"Accept": "application/json"}) as answer:
                    statuses.append(answer.status)
                await asyncio.sleep(0.2)
                return statuses[-1] == 429

            await until(is_refused)
            assert statuses[0] == 200
            assert len(statuses) <= QUOTA // 2, "far fewer than the tool server alone would let through"
            assert [code for code, _ in await asyncio.gather(api.stop(), tools.stop())] == [0, 0]
    finally:
        await servers.stop_all()
