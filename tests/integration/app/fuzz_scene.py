"""The API as a process, with everything that it asks: database, cache, vault, blobs, language model, issuer."""

import ssl
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.contract import ApiEnv
from app.jobs.migrate import DatabaseRole, migrate
from localazure.planes.tokens import Identity, TokenSigner
from localazure.redis.server import Memory
from localazure.subscription import TENANT_ID
from tests.integration.app.platform_parts import BACKUP_ROLE, MIGRATOR, Platform
from tests.integration.app.replica_process import Served, open_replica, serve
from tests.integration.blob.blob_harness import Place, open_place
from tests.integration.vault.vault_harness import people_vault
from tests.unit.app.issuer import Issuer, open_issuer
from tests.unit.localazure.arm import BLOB_CONTRIBUTOR, create, grant

TELEGRAM_SECRET: Final = "shown"
"""What Telegram shows with each update."""
_CACHE: Final = "amr-fuzzed"


@dataclass(frozen=True, kw_only=True)
class FuzzScene:
    """The running API, and who signs tokens for it."""

    api: Served
    issuer: Issuer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.api.port}"


@asynccontextmanager
async def open_fuzz_scene(folder: Path) -> AsyncGenerator[FuzzScene]:
    """Start all of it; nothing of it fails, so no answer may be a failure of the service."""
    state, mine = folder / "state", folder / "mine"
    mine.mkdir()
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(open_place(state))
        issuer = await stack.enter_async_context(open_issuer())
        platform, identity = await _platform(place, state), _identity(place)
        replica = await stack.enter_async_context(open_replica(platform, issuer, mine))
        environ = replica.api()
        login = platform.login(MIGRATOR, "migrator", environ[ApiEnv.DATABASE_NAME])
        await migrate(login, services=[DatabaseRole(name="api", object_id=identity.object_id)], reader=BACKUP_ROLE)
        vault = await stack.enter_async_context(people_vault(platform.authority, platform.signer))
        container = place.azure.runtime.admit("fuzzed", [identity])
        changes = {
            **{name: value for name, value in container.items() if name not in environ or "IDENTITY" in name},
            ApiEnv.AZURE_CLIENT_ID: identity.client_id,
            ApiEnv.DATA_KEY_ID: vault.key_id,
            ApiEnv.OPENAI_API_KEY: "sk-fuzzed",
            ApiEnv.REDIS_PORT: str(await _redis(place, identity)),
            ApiEnv.STORAGE_BLOB_ENDPOINT: await _exports(place),
            ApiEnv.TELEGRAM_WEBHOOK_SECRET: TELEGRAM_SECRET,
        }
        api = await stack.enter_async_context(serve("api", {**environ, **changes}))
        yield FuzzScene(api=api, issuer=issuer)


async def _platform(place: Place, state: Path) -> Platform:
    runtime = place.azure.runtime
    endpoint = await runtime.postgres.create("database", 17)
    await runtime.postgres.set_administrator("database", "migrator", MIGRATOR.object_id)
    bundle = runtime.authority.bundle
    return Platform(
        authority=runtime.authority,
        endpoint=endpoint,
        servers=runtime.postgres,
        signer=TokenSigner(state / "tokens", TENANT_ID),
        trust=ssl.create_default_context(cafile=bundle),
        bundle=bundle,
    )


def _identity(place: Place) -> Identity:
    said = place.identity.outputs
    return Identity(client_id=said["clientId"], object_id=said["principalId"], resource_id=place.identity.id)


async def _redis(place: Place, identity: Identity) -> int:
    servers = place.azure.runtime.redis
    port = await servers.create(_CACHE, Memory(limit_bytes=0, policy="allkeys-lfu"))
    await servers.admit(_CACHE, identity.object_id)
    return port


async def _exports(place: Place) -> str:
    """Make the container of exports; gives the address of its account."""
    container = await create(place.azure, "storage:BlobContainer", containerName="exports")
    await grant(place.azure, place.identity, BLOB_CONTRIBUTOR, container, "role-of-exports")
    return place.account.outputs["primaryEndpoints"]["blob"]
