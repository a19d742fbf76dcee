"""The composition root of the worker: what each kind of message orders, and what its work can reach."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from app.cache.keys import Kind
from app.domain.erasure import KIND as ERASE
from app.domain.inbox import Keep, keep_nothing
from app.domain.models import Principal
from app.domain.telegram import UPDATE_KIND
from app.operations.catalog import KINDS
from app.operations.kind import WorkState
from app.queue.operation_orders import OperationOrders
from app.queue.orders import Reader, reader
from app.settings.services import WorkerSettings
from app.storage.operation_work import PostgresOperationWork
from app.storage.processing import PostgresProcessingLog
from app.storage.telegram import PostgresTelegramDesks
from app.telegram.bot import TelegramBot
from app.telegram.handler import UpdateHandler
from app.wire.privacy import ErasureOrder
from app.wire.telegram import UpdateOrder
from app.wiring.ground import Ground, now_in_utc
from app.wiring.privacy import open_privacy_work

ERASE_S: Final = 300.0
"""Bound on one run of an erasure, which goes on where the last one ended."""
UPDATE_S: Final = 60.0
"""Bound on one update of the bot, its reply included."""


@asynccontextmanager
async def open_work(settings: WorkerSettings, ground: Ground) -> AsyncGenerator[Mapping[str, Reader]]:
    """Open what the worker works with; gives what reads each kind of message."""
    database, sealer = ground.database, ground.sealer

    async def tasks_changed(person: Principal) -> None:
        await ground.cache.answers.changed(person, Kind.TASKS)

    async with open_privacy_work(settings, database=database, sealer=sealer, cache=ground.cache.answers) as privacy:
        updates = UpdateHandler(
            desks=PostgresTelegramDesks(database, sealer),
            replies=TelegramBot(ground.http, settings.telegram),
            processing=PostgresProcessingLog(database),
            now=now_in_utc,
            tasks_changed=tasks_changed,
        )

        async def erase(order: ErasureOrder) -> Keep:
            await privacy.erase(order.erasure)
            return keep_nothing

        async def update(order: UpdateOrder) -> Keep:
            await updates.handle({"update": order.update})
            return keep_nothing

        state = WorkState(export=privacy.export, now=now_in_utc, tasks_changed=tasks_changed)
        operations = OperationOrders(operations=PostgresOperationWork(database, sealer), state=state)
        yield {
            **operations.readers(KINDS),
            ERASE: reader(ErasureOrder, erase, within_s=ERASE_S),
            UPDATE_KIND: reader(UpdateOrder, update, within_s=UPDATE_S),
        }
