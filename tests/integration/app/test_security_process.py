"""`python -m app api` as the platform runs it, with its vault and its audit trail."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from app.contract import ApiEnv
from app.domain.audit_history import AuditQuery
from app.domain.models import Principal
from app.domain.pseudonym import pseudonym
from app.storage.audit_history import PostgresAuditHistory
from app.storage.connection import connect
from app.storage.database import Database
from localazure.planes.identity import IdentityEndpoint
from tests.integration.app.platform_parts import API, MIGRATOR, Platform
from tests.integration.app.replica_process import Replica, open_replica, run, serve
from tests.integration.vault.vault_harness import PeopleVault, people_vault
from tests.unit.app.issuer import open_issuer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A migrated database, a vault, and identities with tokens for both."""

    environ: dict[str, str]
    replica: Replica
    vault: PeopleVault

    @property
    def database(self) -> str:
        return self.environ[ApiEnv.DATABASE_NAME]


@pytest_asyncio.fixture(loop_scope="module")
async def scene(platform: Platform, tmp_path: Path) -> AsyncGenerator[Scene]:
    identities = IdentityEndpoint(platform.signer)
    identities.register("of-the-api", [API])
    async with (
        open_issuer() as issuer,
        open_replica(platform, issuer, tmp_path) as replica,
        people_vault(platform.authority, platform.signer) as vault,
    ):
        assert (await run("migrate", replica.migrate()))[0] == 0
        named = {"IDENTITY_ENDPOINT": await identities.start(), "IDENTITY_HEADER": "of-the-api"}
        yield Scene(environ={**replica.api(), **named, ApiEnv.DATA_KEY_ID: vault.key_id}, replica=replica, vault=vault)
        await identities.stop()


async def test_the_vault_is_ready_by_the_managed_identity_and_its_absence_takes_nothing_down(scene: Scene) -> None:
    async with (
        serve("api", scene.environ, scene.replica.issuer.token()) as api,
        api.http.get("/health/ready") as answer,
    ):
        assert (answer.status, (await answer.json())["checks"]["vault"]) == (200, "ok")
    await scene.vault.plane.stop()
    async with serve("api", scene.environ, scene.replica.issuer.token()) as api:
        async with api.http.get("/health/ready") as answer:
            assert (answer.status, (await answer.json())["checks"]["vault"]) == (200, "degraded")
        async with api.http.post("/api/v1/tasks", json={"title": "Write"}) as answer:
            assert answer.status == 201


async def test_a34_who_is_refused_is_on_record_and_unavailable_when_that_cannot_be(scene: Scene) -> None:
    platform, issuer = scene.replica.platform, scene.replica.issuer
    async with serve("api", scene.environ, issuer.token(sub="mallory")) as api:
        async with api.http.get("/api/v1/admin/audit") as answer:
            assert answer.status == 403
        administrator = await connect(platform.login(MIGRATOR, "migrator", scene.database))
        await administrator.execute("revoke insert on audit_events from api")
        await administrator.close()
        async with api.http.get("/api/v1/admin/audit") as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    async with Database.open(platform.login(API, "api", scene.database)) as database:
        [entry] = (await PostgresAuditHistory(database).page(AuditQuery(), limit=10, before=None)).entries
    assert (entry.action, entry.outcome) == ("audit.read", "refused")
    assert entry.actor == pseudonym(Principal(issuer=issuer.url, subject="mallory"))
