"""The parts of privacy, put together for each role that has them: the API, the worker and the job that keeps house.

What they need of others is a parameter: the sealer, the cache, the audit trail, what starts operations. It brings the
client of blob storage along, so a role imports it when it starts.
"""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from app.domain.audit import AuditTrail
from app.domain.data_map import Terms
from app.domain.erasure import KeyRing, PersonalStore, PersonCache, carry_out
from app.domain.export import ExportReceipt, export_person
from app.domain.models import Principal
from app.domain.operations_port import OperationStarter
from app.domain.privacy import Privacy
from app.domain.sealing import Sealer
from app.jobs.chores import House
from app.operations.catalog import LONGEST_S
from app.sealing.sealer import EnvelopeSealer
from app.settings.jobs import UpkeepSettings
from app.settings.services import WorkerSettings
from app.storage.abandoned_operations import AbandonedOperations
from app.storage.audit import PostgresAuditTrail
from app.storage.blob_streams import StreamedContainer
from app.storage.consents import PostgresConsents
from app.storage.database import Connections, Database
from app.storage.erasers import ChatOf, stores_of_people
from app.storage.erasure_ledger import BlobErasureLedger, RestoreStore
from app.storage.erasures import PostgresErasures
from app.storage.exports import BlobExports
from app.storage.personal_rows import PostgresRows
from app.storage.processing import PostgresProcessingLog
from app.storage.reports import BlobReports
from app.storage.retention import Retention
from app.wiring.ground import now_in_utc

CHAT_INDEX: Final = "telegram.chat"
"""What the blind index of a chat is made for, where chats are linked."""

AuditOn = Callable[[Connections], AuditTrail]
"""Makes the audit trail that writes on these connections."""


def privacy_of(
    database: Database, exports: StreamedContainer, *, sealer: Sealer, audit: AuditOn, operations: OperationStarter
) -> Privacy:
    """Put together what routes reach."""
    return Privacy(
        consents=PostgresConsents(database),
        erasures=PostgresErasures(database, audit),
        exports=BlobExports(exports, database, sealer),
        operations=operations,
        processing=PostgresProcessingLog(database),
        reports=BlobReports(exports),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class PrivacyWork:
    """What a worker does for people's rights.

    Args:
        database: Of the role that keeps house.
        exports: The container of exports.
        archive: The container of blobs that nobody can change.
        keys: Where keys of people are remembered; the sealer, as a rule.
    """

    database: Database
    exports: StreamedContainer
    archive: StreamedContainer
    sealer: Sealer
    keys: KeyRing
    cache: PersonCache
    audit: AuditOn
    chat_of: ChatOf
    now: Callable[[], datetime]

    async def export(self, owner: Principal, progress: Callable[[int], Awaitable[None]]) -> ExportReceipt:
        """Make an export: the work of an operation `privacy.export`. May raise `Erased` and `Unavailable`."""
        return await export_person(
            owner,
            rows=PostgresRows(self.database),
            sealer=self.sealer,
            shelf=self._shelf(),
            log=PostgresProcessingLog(self.database),
            progress=progress,
            now=self.now(),
        )

    async def erase(self, erasure_id: UUID) -> None:
        """Go on with an erasure: the work of a message `privacy.erase`. May raise `NotFound` and `Unavailable`."""
        ledger = PostgresErasures(self.database, self.audit)
        await carry_out(ledger, erasure_id, self.stores(), now=self.now)

    def stores(self) -> Sequence[PersonalStore]:
        """Return every place that holds something of people."""
        return stores_of_people(
            self.database,
            cache=self.cache,
            keys=self.keys,
            restores=RestoreStore(self._ledger()),
            exports=self._shelf(),
            chat_of=self.chat_of,
        )

    def house(self, terms: Terms) -> House:
        """Put together what the chores work on.

        Args:
            terms: How long things are kept.
        """
        return House(
            abandoned=AbandonedOperations(self.database, longest_s=LONGEST_S),
            database=self.database,
            erasures=PostgresErasures(self.database, self.audit),
            exports=self._shelf(),
            ledger=self._ledger(),
            reports=BlobReports(self.exports),
            retention=Retention(self.database, terms),
            stores=self.stores(),
            now=self.now,
        )

    def _ledger(self) -> BlobErasureLedger:
        return BlobErasureLedger(self.archive, self.database)

    def _shelf(self) -> BlobExports:
        return BlobExports(self.exports, self.database, self.sealer)


@asynccontextmanager
async def open_privacy_work(
    settings: UpkeepSettings | WorkerSettings, *, database: Database, sealer: EnvelopeSealer, cache: PersonCache
) -> AsyncGenerator[PrivacyWork]:
    """Open the containers, and put together what the worker and the upkeep do."""
    async with AsyncExitStack() as stack:
        exports, archive = [
            await stack.enter_async_context(
                StreamedContainer.open(place.endpoint, place.container, client_id=settings.database.client_id)
            )
            for place in (settings.exports, settings.audit)
        ]
        yield PrivacyWork(
            database=database,
            exports=exports,
            archive=archive,
            sealer=sealer,
            keys=sealer,
            cache=cache,
            audit=PostgresAuditTrail,
            chat_of=chats_by(sealer.index),
            now=now_in_utc,
        )


def chats_by(index: Callable[[str, str], Awaitable[bytes]]) -> ChatOf:
    """Tell chats of updates as links know them, by a blind index (`BlindIndex.index`)."""

    async def chat_of(body: str) -> bytes | None:
        try:
            chat = json.loads(body)["chat"]
        except (ValueError, KeyError, TypeError):
            return None
        return await index(CHAT_INDEX, str(chat))

    return chat_of
