"""What privacy meets: a migrated database with its roles, and containers of a real blob data plane."""

import ssl
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from app.domain.audit import AuditEvent
from app.domain.data_map import Terms
from app.domain.erasure import PersonalStore
from app.domain.errors import Unavailable
from app.domain.export import ExportReceipt, export_person
from app.domain.models import Principal
from app.jobs.chores import House
from app.jobs.migrate import DatabaseRole, migrate
from app.storage.blob_streams import StreamedContainer
from app.storage.connection import Connection, Login, connect
from app.storage.database import Connections, Database
from app.storage.erasure_ledger import BlobErasureLedger
from app.storage.erasures import PostgresErasures
from app.storage.exports import BlobExports
from app.storage.personal_rows import PostgresRows
from app.storage.processing import PostgresProcessingLog
from app.wiring.privacy import PrivacyWork, chats_by
from localazure.planes.tokens import Identity, TokenSigner
from localazure.postgres.server import Endpoint
from localazure.subscription import TENANT_ID
from tests.integration.blob.blob_harness import Place, open_place
from tests.unit.app.memory_privacy import MemorySealer
from tests.unit.localazure.arm import BLOB_CONTRIBUTOR, create, grant

NOW: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
TERMS: Final = Terms(chat=90, operation=30)
ADMINISTRATOR: Final = Identity(client_id="c-admin", object_id=str(uuid4()), resource_id="/admin")
_API: Final = Identity(client_id="c-api", object_id=str(uuid4()), resource_id="/api")

_READER: Final = DatabaseRole(name="backup", object_id=str(uuid4()))


def person(subject: str) -> Principal:
    """Name a person."""
    return Principal(issuer="https://issuer.test", subject=subject)


class Trail:
    """The port `AuditTrail` over the transaction of what is audited; refuses when a test says so."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []
        self.down = False

    def on(self, database: Connections) -> "Trail":
        """Write on this connection; which one is used is the store's business, here it must be a transaction's."""
        assert not isinstance(database, Database)
        return self

    async def record(self, event: AuditEvent) -> None:
        if self.down:
            raise Unavailable("the audit trail is down")
        self.events.append(event)


class Cache:
    """The port `PersonCache`, which remembers who is to be forgotten."""

    def __init__(self) -> None:
        self.forgotten: list[Principal] = []

    async def forget(self, owner: Principal) -> None:
        self.forgotten.append(owner)


@dataclass(kw_only=True)
class Scene:
    """The service's parts over one database."""

    name: str
    api: Database
    keeper: Database
    container: StreamedContainer
    archive: StreamedContainer
    administrator: Login
    trail: Trail = field(default_factory=Trail)
    cache: Cache = field(default_factory=Cache)
    sealer: MemorySealer = field(default_factory=MemorySealer)

    def __post_init__(self) -> None:
        self.erasures = PostgresErasures(self.api, self.trail.on)
        self.exports = BlobExports(self.container, self.api, self.sealer)
        self.processing = PostgresProcessingLog(self.api)
        self.ledger = BlobErasureLedger(self.archive, self.keeper)
        self.now: Callable[[], datetime] = lambda: NOW

    @property
    def work(self) -> PrivacyWork:
        """What the worker does."""

        async def index(_purpose: str, value: str) -> bytes:
            return value.encode()

        return PrivacyWork(
            database=self.keeper,
            exports=self.container,
            archive=self.archive,
            sealer=self.sealer,
            keys=self.sealer,
            cache=self.cache,
            audit=self.trail.on,
            chat_of=chats_by(index),
            now=self.now,
        )

    @property
    def stores(self) -> Sequence[PersonalStore]:
        """Every store, as the worker's role sees it."""
        return self.work.stores()

    @property
    def house(self) -> House:
        """The chores."""
        return self.work.house(TERMS)

    async def export(self, owner: Principal, *, batch: int = 500) -> ExportReceipt:
        """Make an export; progress must never go back."""
        told = [0]

        async def progress(percent: int) -> None:
            assert told[-1] <= percent <= 100
            told.append(percent)

        receipt = await export_person(
            owner,
            rows=PostgresRows(self.api, batch=batch),
            sealer=self.sealer,
            shelf=self.exports,
            log=self.processing,
            progress=progress,
            now=NOW,
        )
        assert told[-1] == 100
        return receipt

    async def blobs(self) -> list[str]:
        """Names of all blobs of exports."""
        return [found.name async for found in self.container.listed("people/")]

    async def everything(self) -> str:
        """Every row of every table as text, as the administrator sees them."""
        connection: Connection = await connect(self.administrator)
        try:
            tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
            dumped: list[Any] = []
            for table in sorted(row[0] for row in tables):
                dumped += await connection.fetch(f"select '{table}', {table}::text from {table}")  # noqa: S608 - listed
            return "\n".join(f"{row[0]}: {row[1]}" for row in dumped)
        finally:
            await connection.close()


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Where scenes are set: one server, one account."""

    place: Place
    endpoint: Endpoint
    state: Path

    @property
    def keeper(self) -> Identity:
        """What keeps house: the identity that the account lets write."""
        said = self.place.identity.outputs
        return Identity(client_id=said["clientId"], object_id=said["principalId"], resource_id=self.place.identity.id)

    @asynccontextmanager
    async def scene(self, archive: str = "backups") -> AsyncGenerator[Scene]:
        """Set a scene in a new database, with this container for what nobody can change."""
        name = f"d{uuid4().hex}"
        await self.place.azure.runtime.postgres.create_database("database", name)
        services = [
            DatabaseRole(name="api", object_id=_API.object_id),
            DatabaseRole(name="worker", object_id=self.keeper.object_id, upkeep=True),
        ]
        administrator = self._login(ADMINISTRATOR, "admin", name)
        await migrate(administrator, services=services, reader=_READER)
        async with AsyncExitStack() as stack:
            service = await stack.enter_async_context(self.place.client())
            yield Scene(
                name=name,
                api=await stack.enter_async_context(Database.open(self._login(_API, "api", name))),
                keeper=await stack.enter_async_context(Database.open(self._login(self.keeper, "worker", name))),
                container=StreamedContainer(service.get_container_client("exports")),
                archive=StreamedContainer(service.get_container_client(archive)),
                administrator=administrator,
            )

    def _login(self, identity: Identity, role: str, database: str) -> Login:
        tokens = TokenSigner(self.state / "tokens", TENANT_ID)

        async def token() -> str:
            resource = "https://ossrdbms-aad.database.windows.net"
            return tokens.issue_for(identity, resource=resource, lifetime_seconds=600)

        return Login(
            host=self.endpoint.host,
            port=self.endpoint.port,
            database=database,
            role=role,
            password=token,
            tls=ssl.create_default_context(cafile=self.place.azure.runtime.authority.bundle),
        )


@asynccontextmanager
async def open_stage(state: Path) -> AsyncGenerator[Stage]:
    """Start a server and an account with containers for exports and for what nobody can change."""
    async with open_place(state) as place:
        exports = await create(place.azure, "storage:BlobContainer", containerName="exports")
        await grant(place.azure, place.identity, BLOB_CONTRIBUTOR, exports, "role-of-exports")
        servers = place.azure.runtime.postgres
        endpoint = await servers.create("database", 17)
        await servers.set_administrator("database", "admin", ADMINISTRATOR.object_id)
        yield Stage(place=place, endpoint=endpoint, state=state)
