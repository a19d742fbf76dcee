"""The job that keeps house, wired: settings to chores that are done once."""

from collections.abc import Mapping
from contextlib import AsyncExitStack

from azure.identity.aio import ManagedIdentityCredential

from app.cache.opening import open_cache
from app.domain.data_map import Terms
from app.jobs.failure import JobError
from app.jobs.upkeep import Chore, keep_house
from app.settings.jobs import UpkeepSettings
from app.storage.anchors import anchor_audit
from app.storage.database import Database
from app.telemetry.opening import open_telemetry
from app.wiring.ground import now_in_utc, open_login, open_sealer
from app.wiring.privacy import open_privacy_work


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
        work = await stack.enter_async_context(
            open_privacy_work(settings, database=database, sealer=sealer, cache=cache.answers)
        )

        async def anchor() -> Mapping[str, int]:
            return {"sequence": (await anchor_audit(database, work.archive, now_in_utc())).sequence}

        terms = Terms(chat=settings.chat_days, operation=settings.operation_days)
        chores = work.house(terms).chores()
        if not await keep_house([*chores, Chore(name="anchor the audit trail", work=anchor)]):
            raise JobError("not every chore was done")
