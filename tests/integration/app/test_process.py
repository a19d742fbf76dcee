"""`python -m app` as the platform runs it: processes, a database, an issuer, the protocol of managed identities."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from pathlib import Path

import pytest
import pytest_asyncio

from app.contract import ApiEnv, BackupEnv, McpEnv, MigrateEnv, UpkeepEnv, WorkerEnv
from localazure.redis.server import Memory
from localazure.redis.servers import RedisServers
from tests.integration.app.platform_parts import API, Platform
from tests.integration.app.replica_process import ROOT, WITHIN_S, Replica, Served, alive, open_replica, run, serve
from tests.unit.app.issuer import open_issuer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def replica(platform: Platform, tmp_path: Path) -> AsyncGenerator[Replica]:
    async with open_issuer() as issuer, open_replica(platform, issuer, tmp_path) as made:
        yield made


def serve_api(replica: Replica, **changes: str) -> AbstractAsyncContextManager[Served]:
    """Run the API, with a client that proves a person."""
    return serve("api", {**replica.api(), **changes}, replica.issuer.token())


async def test_a_migrated_database_serves_the_bearer_of_a_token(replica: Replica) -> None:
    done = await run("migrate", replica.migrate())
    assert done[0] == 0, done
    async with serve_api(replica) as api:
        async with api.http.post("/api/v1/tasks", json={"title": "Write"}) as answer:
            assert answer.status == 201
            assert "Server" not in answer.headers
        async with api.http.get("/health/ready") as answer:
            assert (answer.status, (await answer.json())["checks"]) == (
                200,
                {
                    "database": "ok",
                    "vault": "degraded",
                    "cache": "degraded",
                    "queue": "ok",
                    "anthropic_api_key": "degraded",
                    "openai_api_key": "degraded",
                    "telegram_bot_token": "degraded",
                    "telegram_webhook_secret": "degraded",
                },
            )
        code, log = await api.stop()
    lines = [json.loads(line) for line in log.splitlines()]
    assert code == 0
    assert [line["status"] for line in lines if line["logger"] == "app.request"] == [201]


async def ready_checks(api: Served) -> dict[str, str]:
    async with api.http.get("/health/ready") as answer:
        return (await answer.json())["checks"]


async def titles(api: Served) -> list[str]:
    async with api.http.get("/api/v1/tasks") as answer:
        assert answer.status == 200, await answer.text()
        return [task["title"] for task in (await answer.json())["items"]]


async def test_a1_the_api_keeps_answers_in_redis_and_serves_on_when_it_is_gone(
    replica: Replica, platform: Platform, tmp_path: Path
) -> None:
    servers = RedisServers(tmp_path / "redis", platform.authority, platform.signer)
    port = await servers.create("amr-test", Memory(limit_bytes=0, policy="allkeys-lfu"))
    await servers.admit("amr-test", API.object_id)
    done = await run("migrate", replica.migrate())
    assert done[0] == 0, done
    try:
        async with serve_api(replica, REDIS_PORT=str(port)) as api:
            async with asyncio.timeout(WITHIN_S):
                while (await ready_checks(api))["cache"] != "ok":  # noqa: ASYNC110 - another process finds Redis
                    await asyncio.sleep(0.1)
            assert await titles(api) == await titles(api) == []
            for number in range(6):
                if number == 3:
                    await servers.stop_all()
                async with api.http.post("/api/v1/tasks", json={"title": str(number)}) as answer:
                    assert answer.status == 201
                assert await titles(api) == [str(n) for n in range(number, -1, -1)]
    finally:
        await servers.stop_all()


async def test_a_calendar_goes_in_and_out_as_a_file(replica: Replica) -> None:
    done = await run("migrate", replica.migrate())
    assert done[0] == 0, done
    events, window = "/api/v1/calendar/events", "from=2026-12-01T00:00:00Z&to=2026-12-08T00:00:00Z"
    new = {
        "title": "Run",
        "starts_at": "2026-12-01T08:00:00Z",
        "ends_at": "2026-12-01T09:00:00Z",
        "time_zone": "Europe/Berlin",
        "recurrence": "FREQ=DAILY",
    }
    async with serve_api(replica) as api:
        async with api.http.post(events, json=new) as answer:
            event = await answer.json()
        async with api.http.get(f"{events}.ics") as answer:
            assert (answer.status, answer.content_type) == (200, "text/calendar")
            file = await answer.read()
        async with api.http.delete(f"{events}/{event['id']}") as answer:
            assert answer.status == 204
        async with api.http.post(f"{events}.ics", data=file, headers={"Content-Type": "text/calendar"}) as answer:
            assert await answer.json() == {"added": 1, "changed": 0, "unchanged": 0, "refused": []}
        async with api.http.get(f"{events}?{window}") as answer:
            assert len((await answer.json())["items"]) == 7


async def test_a_running_request_is_finished_after_the_demand_to_end(replica: Replica) -> None:
    done = await run("migrate", replica.migrate())
    assert done[0] == 0, done
    async with serve_api(replica) as api:
        reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
        head = (
            "POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 17\r\n"
            f"Expect: 100-continue\r\nAuthorization: {api.http.headers['Authorization']}\r\n\r\n"
        )
        writer.write(head.encode())
        # The server says "continue" when the handler asks for the body: the request runs now.
        assert b" 100 " in await asyncio.wait_for(reader.readline(), WITHIN_S)
        ended = asyncio.create_task(api.stop())
        async with asyncio.timeout(WITHIN_S):
            while await alive(api.http):  # noqa: ASYNC110 - until another process takes no new connections
                await asyncio.sleep(0.05)
        writer.write(b'{"title":"Write"}')
        answer = await asyncio.wait_for(reader.read(), WITHIN_S)
        writer.close()
        assert b" 201 " in answer
        assert (await ended)[0] == 0


async def test_a28_the_api_starts_and_lives_without_its_database(replica: Replica) -> None:
    async with serve_api(replica, DATABASE_HOST="127.0.0.1:1") as api:
        async with api.http.get("/health/ready") as answer:
            assert (answer.status, (await answer.json())["checks"]["database"]) == (503, "failed")
        async with api.http.get("/api/v1/tasks") as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "5")


async def test_a_failed_migration_ends_with_one_line_of_reason(replica: Replica) -> None:
    environ = {**replica.migrate(), MigrateEnv.DATABASE_NAME: "missing"}
    code, out, err = await run("migrate", environ)
    assert (code, err) == (1, "")
    reason = json.loads(out.splitlines()[-1])
    assert reason["level"] == "error"
    assert 'database "missing" does not exist' in reason["message"]


ENVIRONMENTS: dict[str, type[StrEnum]] = {
    "api": ApiEnv,
    "backup": BackupEnv,
    "mcp": McpEnv,
    "migrate": MigrateEnv,
    "upkeep": UpkeepEnv,
    "worker": WorkerEnv,
}


@pytest.mark.parametrize("role", ENVIRONMENTS)
async def test_an_unusable_environment_is_told_at_once_and_completely(role: str) -> None:
    code, _, err = await run(role, {"LOG_LEVEL": "loud", "PORT": "x"})
    names = {str(name) for name in ENVIRONMENTS[role]}
    assert code == 2
    assert names <= {line.partition(":")[0] for line in err.splitlines()}


@pytest.mark.parametrize(
    ("modules", "foreign"),
    [
        (
            "app.api, app.wiring.api, app.wiring.ground",
            "alembic, anthropic, azure.monitor, azure.servicebus, azure.storage, icalendar, mcp, openai",
        ),
        (
            "app.mcp, app.wiring.mcp",
            "alembic, anthropic, azure.monitor, azure.servicebus, azure.storage, icalendar, openai",
        ),
        (
            "app.worker, app.telegram.bot",
            "alembic, anthropic, azure.monitor, azure.storage, icalendar, mcp, openai",
        ),
        ("app.__main__", "aiohttp, alembic, azure, mcp, redis, starlette, uvicorn"),
    ],
)
async def test_a_role_imports_what_it_runs_and_no_more(modules: str, foreign: str) -> None:
    code = f"import sys, {modules}; print(*({{*{foreign.split(', ')}}} & {{*sys.modules}}))"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=ROOT, stdout=PIPE)
    out, _ = await asyncio.wait_for(process.communicate(), WITHIN_S)
    assert (process.returncode, out.decode().strip()) == (0, "")


async def test_an_unknown_role_is_refused_with_the_known_ones() -> None:
    code, _, err = await run("web", {})
    assert code == 2
    assert "invalid choice: 'web' (choose from 'api', 'backup', 'mcp', 'migrate', 'restore', 'upkeep', 'worker')" in err
