"""`python -m app` as the platform runs it: processes, with what they find in their environment."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import web

from app.contract import OPERATIONS_QUEUE, PLACEHOLDER_SECRET, ApiEnv, McpEnv, MigrateEnv, WorkerEnv
from localazure.bus.cbs import RESOURCE as BUS_RESOURCE
from localazure.planes.ingestion import RESOURCE as MONITOR_RESOURCE
from localazure.planes.tokens import Identity
from localazure.redis.gateway import RESOURCE as REDIS_RESOURCE
from tests.integration.app.platform_parts import API, DATABASE_RESOURCE, MCP, MIGRATOR, READER, WORKER, Platform
from tests.rig.ports import free_port
from tests.unit.app.issuer import AUDIENCE, Issuer

WITHIN_S: Final = 60
RESOURCES: Final = (BUS_RESOURCE, DATABASE_RESOURCE, MONITOR_RESOURCE, REDIS_RESOURCE)
"""What the identities get tokens for."""
ROOT: Final = Path(__file__).parents[3]


@asynccontextmanager
async def identity_endpoint(platform: Platform) -> AsyncGenerator[dict[str, str]]:
    """Serve tokens of managed identities as Container Apps does; gives the variables that name the endpoint."""
    identities = {identity.client_id: identity for identity in (API, MCP, MIGRATOR, READER, WORKER)}

    async def token(request: web.Request) -> web.Response:
        identity = identities[request.query["client_id"]]
        resource = request.query["resource"].rstrip("/")
        if request.headers["X-IDENTITY-HEADER"] != "header" or resource not in RESOURCES:
            return web.Response(status=401)
        value = platform.signer.issue_for(identity, resource=resource, lifetime_seconds=600)
        return web.json_response({"access_token": value, "expires_on": "9999999999", "resource": resource})

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


RUNTIMES: Final = {"api": API, "mcp": MCP, "worker": WORKER}
TOOL_AUDIENCE: Final = "api://digitalmee-tools"


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
            MigrateEnv.DATABASE_READER_OBJECT_ID: READER.object_id,
            MigrateEnv.DATABASE_READER_ROLE: "backup",
            MigrateEnv.DATABASE_UPKEEP_ROLE: "worker",
            MigrateEnv.DATABASE_RUNTIME_ROLES: ",".join(
                f"{role}={identity.object_id}" for role, identity in RUNTIMES.items()
            ),
        }

    def api(self) -> dict[str, str]:
        return {
            **self.database(API, "api"),
            **self.soft(),
            ApiEnv.CHAT_MODEL: "gpt-test",
            ApiEnv.CHAT_PROVIDER: "openai",
            ApiEnv.CORS_ORIGINS: "",
            ApiEnv.FRONT_DOOR_ID: "",
            ApiEnv.LIMIT_PER_ADDRESS: "100000",
            ApiEnv.LIMIT_PER_PERSON: "100000",
            ApiEnv.TRUSTED_HOPS: "0",
            **dict.fromkeys(
                (
                    *(ApiEnv.ANTHROPIC_API_KEY, ApiEnv.OPENAI_API_KEY),
                    *(ApiEnv.TELEGRAM_BOT_TOKEN, ApiEnv.TELEGRAM_WEBHOOK_SECRET),
                ),
                PLACEHOLDER_SECRET,
            ),
            ApiEnv.TOKEN_ALGORITHMS: "RS256",
            ApiEnv.TOKEN_AUDIENCE: AUDIENCE,
            ApiEnv.TOKEN_ISSUER: self.issuer.url,
        }

    def mcp(self) -> dict[str, str]:
        return {
            **self.api(),
            **self.database(MCP, "mcp"),
            McpEnv.TOKEN_AUDIENCE: TOOL_AUDIENCE,
        }

    def worker(self, bus: str) -> dict[str, str]:
        return {**self.database(WORKER, "worker"), **self.soft(), WorkerEnv.SERVICE_BUS_HOST: bus}

    def soft(self) -> dict[str, str]:
        """Name what nothing connects to, unless a test says where it is."""
        return {
            WorkerEnv.APPLICATIONINSIGHTS_CONNECTION_STRING: (
                "InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint=https://127.0.0.1:1/"
            ),
            WorkerEnv.AUDIT_CONTAINER: "audit",
            WorkerEnv.DATA_KEY_ID: "https://127.0.0.1:1/keys/people",
            WorkerEnv.EXPORT_CONTAINER: "exports",
            WorkerEnv.REDIS_HOST: "127.0.0.1",
            WorkerEnv.REDIS_PORT: "1",
            WorkerEnv.SERVICE_BUS_HOST: "127.0.0.1:1",
            WorkerEnv.SERVICE_BUS_QUEUE: OPERATIONS_QUEUE,
            WorkerEnv.STORAGE_BLOB_ENDPOINT: "https://127.0.0.1:1/",
            WorkerEnv.TELEGRAM_BOT_TOKEN: PLACEHOLDER_SECRET,
            WorkerEnv.TRACE_PERCENT: "0",
        }


async def start(role: str, environ: dict[str, str], *, under: Sequence[str] = ()) -> Process:
    """Start a role, through a program that changes its own rights and then becomes the role."""
    command = *under, sys.executable, "-m", "app", role
    return await asyncio.create_subprocess_exec(*command, env=environ, cwd=ROOT, stdout=PIPE, stderr=PIPE)


async def run(role: str, environ: dict[str, str], *, under: Sequence[str] = ()) -> tuple[int | None, str, str]:
    """Run a role to its end; gives the exit code and both outputs."""
    process = await start(role, environ, under=under)
    out, err = await asyncio.wait_for(process.communicate(), WITHIN_S)
    return process.returncode, out.decode(), err.decode()


@dataclass(frozen=True, kw_only=True)
class Served:
    """A running role and a client of it."""

    process: Process
    http: aiohttp.ClientSession
    port: int

    async def says(self, text: str) -> None:
        """Read its log until a line of it has the text."""
        assert self.process.stdout
        async with asyncio.timeout(WITHIN_S):
            while text not in (await self.process.stdout.readline()).decode():
                assert self.process.returncode is None

    async def stop(self) -> tuple[int, str]:
        """Ask it to end; gives the exit code and the log."""
        self.process.terminate()
        return await self.ended()

    async def ended(self) -> tuple[int, str]:
        """Wait for its end; gives the exit code and the log."""
        out, _ = await asyncio.wait_for(self.process.communicate(), WITHIN_S)
        return self.process.returncode or 0, out.decode()


@asynccontextmanager
async def serve(
    role: str, environ: dict[str, str], token: str = "", *, under: Sequence[str] = ()
) -> AsyncGenerator[Served]:
    """Run a role until it is alive, and end it if the test has not."""
    port = free_port()
    process = await start(role, {**environ, "PORT": str(port)}, under=under)
    headers = {"Authorization": f"Bearer {token}"}
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


@asynccontextmanager
async def open_replica(platform: Platform, issuer: Issuer, folder: Path) -> AsyncGenerator[Replica]:
    """Make the environment of a replica over a new database that is not migrated yet."""
    async with identity_endpoint(platform) as identity:
        bundle = folder / "bundle.pem"
        bundle.write_bytes(platform.bundle.read_bytes() + issuer.authority.cert_pem.bytes())
        common = {
            **identity,
            ApiEnv.DATABASE_HOST: f"127.0.0.1:{platform.endpoint.port}",
            ApiEnv.DATABASE_NAME: await platform.new_database(),
            "HOST": "127.0.0.1",
            "PATH": os.defpath,
            "REQUESTS_CA_BUNDLE": str(bundle),
            "SSL_CERT_FILE": str(bundle),
        }
        yield Replica(issuer=issuer, platform=platform, common=common)
