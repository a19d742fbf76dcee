"""The job that keeps house, wired: settings to chores that are done once."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from azure.identity.aio import ManagedIdentityCredential

from app.cache.opening import open_cache
from app.domain.data_map import Terms
from app.jobs.failure import JobError
from app.jobs.upkeep import Chore, keep_house
from app.settings.jobs import UpkeepSettings
from app.storage.anchors import anchor_audit
from app.storage.audit import PostgresAuditTrail
from app.storage.blob_streams import StreamedContainer
from app.storage.database import Database
from app.telemetry.opening import open_telemetry
from app.wiring.ground import open_login, open_sealer
from app.wiring.privacy import PrivacyWork, chats_by


async def run_upkeep(settings: UpkeepSettings) -> None:
    """Do all chores, or raise `JobError` when one was not done; the log names it."""
    client_id = settings.database.client_id
    async with AsyncExitStack() as stack:
        telemetry = open_telemetry(settings.telemetry, client_id=client_id, role="upkeep", brief=True)
        await stack.enter_async_context(telemetry)
        login = await stack.enter_async_context(open_login(settings.database))
        database = await stack.enter_async_context(Database.open(login))
        credential = await stack.enter_async_context(ManagedIdentityCredential(client_id=client_id))
        sealer = await stack.enter_async_context(open_sealer(settings, database))
        cache = await stack.enter_async_context(open_cache(settings.cache, credential))
        exports, archive = [
            await stack.enter_async_context(
                StreamedContainer.open(place.endpoint, place.container, client_id=client_id)
            )
            for place in (settings.exports, settings.audit)
        ]
        work = PrivacyWork(
            database=database,
            exports=exports,
            sealer=sealer,
            keys=sealer,
            cache=cache.answers,
            audit=PostgresAuditTrail,
            chat_of=chats_by(sealer.index),
            now=_now,
        )

        async def anchor() -> Mapping[str, int]:
            return {"sequence": (await anchor_audit(database, archive, _now())).sequence}

        terms = Terms(chat=settings.chat_days, operation=settings.operation_days)
        chores = work.house(archive, terms).chores()
        if not await keep_house([*chores, Chore(name="anchor the audit trail", work=anchor)]):
            raise JobError("not every chore was done")


def _now() -> datetime:
    return datetime.now(UTC)
