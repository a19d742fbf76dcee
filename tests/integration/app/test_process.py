"""`python -m app` as the platform runs it: processes, a database, an issuer, the protocol of managed identities."""

import asyncio
import json
import os
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from app.contract import PLACEHOLDER_SECRET, ApiEnv, MigrateEnv
from localazure.planes.tokens import Identity
from tests.integration.app.platform_parts import API, DATABASE_RESOURCE, MIGRATOR, Platform
from tests.unit.app.issuer import AUDIENCE, Issuer, open_issuer

pytestmark = pytest.mark.asyncio(loop_scope="module")

WITHIN_S = 30
ROOT = Path(__file__).parents[3]


@asynccontextmanager
async def identity_endpoint(platform: Platform) -> AsyncGenerator[dict[str, str]]:
    """Serve tokens of managed identities as Container Apps does; gives the variables that name the endpoint."""
    identities = {identity.client_id: identity for identity in (API, MIGRATOR)}

    async def token(request: web.Request) -> web.Response:
        identity = identities[request.query["client_id"]]
        if request.headers["X-IDENTITY-HEADER"] != "header" or request.query["resource"] != DATABASE_RESOURCE:
            return web.Response(status=401)
        value = platform.signer.issue_for(identity, resource=DATABASE_RESOURCE, lifetime_seconds=600)
        return web.json_response({"access_token": value, "expires_on": "9999999999", "resource": DATABASE_RESOURCE})

    server = web.Application()
    server.router.add_get("/msi/token", token)
    runner = web.AppRunner(server)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        address = f"http://127.0.0.1:{runner.addresses[0][1]}/msi/token"
        yield {"IDENTITY_ENDPOINT": address, "IDENTITY_HEADER": "header"}
    finally:
        await runner.cleanup()


@dataclass(frozen=True, kw_only=True)
class Replica:
    """The environment of a replica's containers."""

    issuer: Issuer
    platform: Platform
    common: dict[str, str]

    def database(self, identity: Identity, role: str) -> dict[str, str]:
        return {
            **self.common,
            ApiEnv.AZURE_CLIENT_ID: identity.client_id,
            ApiEnv.DATABASE_ROLE: role,
            ApiEnv.LOG_LEVEL: "info",
        }

    def migrate(self) -> dict[str, str]:
        return {
            **self.database(MIGRATOR, "migrator"),
            MigrateEnv.DATABASE_RUNTIME_OBJECT_ID: API.object_id,
            MigrateEnv.DATABASE_RUNTIME_ROLE: "api",
        }

    def api(self) -> dict[str, str]:
        return {
            **self.database(API, "api"),
            ApiEnv.OPENAI_API_KEY: PLACEHOLDER_SECRET,
            ApiEnv.TOKEN_AUDIENCE: AUDIENCE,
            ApiEnv.TOKEN_ISSUER: self.issuer.url,
        }


@pytest_asyncio.fixture(loop_scope="module")
async def replica(platform: Platform, tmp_path: Path) -> AsyncGenerator[Replica]:
    async with identity_endpoint(platform) as identity, open_issuer() as issuer:
        bundle = tmp_path / "bundle.pem"
        bundle.write_bytes(platform.bundle.read_bytes() + issuer.authority.cert_pem.bytes())
        common = {
            **identity,
            ApiEnv.DATABASE_HOST: f"127.0.0.1:{platform.endpoint.port}",
            ApiEnv.DATABASE_NAME: await platform.new_database(),
            "HOST": "127.0.0.1",
            "PATH": os.defpath,
            "SSL_CERT_FILE": str(bundle),
        }
        yield Replica(issuer=issuer, platform=platform, common=common)


async def start(role: str, environ: dict[str, str]) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app", role, env=environ, cwd=ROOT, stdout=PIPE, stderr=PIPE
    )


async def run(role: str, environ: dict[str, str]) -> tuple[int | None, str, str]:
    """Run a role to its end; gives the exit code and both outputs."""
    process = await start(role, environ)
    out, err = await asyncio.wait_for(process.communicate(), WITHIN_S)
    return process.returncode, out.decode(), err.decode()


@dataclass(frozen=True, kw_only=True)
class Served:
    """A running API and a client of it."""

    process: Process
    http: aiohttp.ClientSession
    port: int

    async def stop(self) -> tuple[int, str]:
        """Ask it to end; gives the exit code and the log."""
        self.process.terminate()
        out, _ = await asyncio.wait_for(self.process.communicate(), WITHIN_S)
        return self.process.returncode or 0, out.decode()


@asynccontextmanager
async def serve(replica: Replica, **changes: str) -> AsyncGenerator[Served]:
    """Run the API until it is alive, and end it if the test has not."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await start("api", {**replica.api(), "PORT": str(port), **changes})
    headers = {"Authorization": f"Bearer {replica.issuer.token()}"}
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as http:
        try:
            async with asyncio.timeout(WITHIN_S):
                while not await alive(http):
                    assert process.returncode is None, await process.communicate()
                    await asyncio.sleep(0.05)
            yield Served(process=process, http=http, port=port)
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()


async def alive(http: aiohttp.ClientSession) -> bool:
    try:
        async with http.get("/health") as answer:
            return answer.status == 200
    except aiohttp.ClientConnectionError:
        return False


async def test_a_migrated_database_serves_the_bearer_of_a_token(replica: Replica) -> None:
    done = await run("migrate", replica.migrate())
    assert done[0] == 0, done
    async with serve(replica) as api:
        async with api.http.post("/api/v1/tasks", json={"title": "Write"}) as answer:
            assert answer.status == 201
            assert "Server" not in answer.headers
        async with api.http.get("/health/ready") as answer:
            assert (answer.status, (await answer.json())["checks"]) == (
                200,
                {"database": "ok", "openai_api_key": "degraded"},
            )
        code, log = await api.stop()
    lines = [json.loads(line) for line in log.splitlines()]
    assert code == 0
    assert [line["status"] for line in lines if line["logger"] == "app.request"] == [201]


async def test_a_running_request_is_finished_after_the_demand_to_end(replica: Replica) -> None:
    done = await run("migrate", replica.migrate())
    assert done[0] == 0, done
    async with serve(replica) as api:
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


async def test_the_api_starts_and_lives_without_its_database(replica: Replica) -> None:
    async with serve(replica, DATABASE_HOST="127.0.0.1:1") as api:
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


@pytest.mark.parametrize("role", ["api", "migrate"])
async def test_an_unusable_environment_is_told_at_once_and_completely(role: str) -> None:
    code, _, err = await run(role, {"LOG_LEVEL": "loud", "PORT": "x"})
    names = set(ApiEnv if role == "api" else MigrateEnv)
    assert code == 2
    assert names <= {line.partition(":")[0] for line in err.splitlines()}


async def test_an_unknown_role_is_refused_with_the_known_ones() -> None:
    code, _, err = await run("mcp", {})
    assert code == 2
    assert "invalid choice: 'mcp' (choose from 'api', 'migrate')" in err
