"""The composition root of the API: what it has beside what the tool server has too."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

from app.contract import ApiEnv
from app.domain.chat import Chat
from app.domain.identifiers import time_ordered_id
from app.domain.models import Principal
from app.domain.operations import NewOperation, OperationStore
from app.language.opening import open_model
from app.limits.settling import settling
from app.operations.catalog import KINDS
from app.settings.services import ApiSettings
from app.storage.audit import PostgresAuditTrail
from app.storage.audit_history import PostgresAuditHistory
from app.storage.chat import PostgresChat
from app.storage.operations import PostgresOperations
from app.storage.outbox import PostgresOutbox
from app.storage.telegram import PostgresTelegramLinks, PostgresTelegramUpdates
from app.telegram.webhook import TelegramWebhook
from app.web.checks import Check
from app.web.state import ApiState
from app.wiring.ground import CHECK_TIMEOUT_S, Ground, now_in_utc, open_ground, secret_check, state_on


class Starter:
    """The port `OperationStarter` on the operations that the API keeps."""

    def __init__(self, operations: OperationStore) -> None:
        self._operations = operations

    async def start(
        self,
        owner: Principal,
        kind: str,
        input: Mapping[str, Any],  # noqa: A002 - the word of the product
        idempotency_key: str | None,
    ) -> UUID:
        """Keep an operation."""
        now = now_in_utc()
        new = NewOperation(
            id=time_ordered_id(now), kind=kind, request=KINDS[kind].request(dict(input)), key=idempotency_key, now=now
        )
        return (await self._operations.start(owner, new)).id


@asynccontextmanager
async def open_api_state(settings: ApiSettings) -> AsyncGenerator[ApiState]:
    """Open what requests of the API can reach; send what waits for the queue, and settle limits, meanwhile."""
    # The clients of the queue and of blob storage are slow to import; who only looks at the API goes without.
    from app.queue.relaying import open_relay  # noqa: PLC0415 - see above
    from app.storage.blob_streams import StreamedContainer  # noqa: PLC0415 - see above
    from app.wiring.privacy import privacy_of  # noqa: PLC0415 - see above

    client_id, exports = settings.database.client_id, settings.exports
    async with AsyncExitStack() as stack:
        ground = await stack.enter_async_context(open_ground(settings, "api"))
        database, sealer = ground.database, ground.sealer
        model = await stack.enter_async_context(open_model(settings.chat))
        relay = await stack.enter_async_context(open_relay(settings.queue, client_id, PostgresOutbox(database)))
        blobs = StreamedContainer.open(exports.endpoint, exports.container, client_id=client_id)
        container = await stack.enter_async_context(blobs)
        operations = PostgresOperations(database, sealer, relay.wake)
        privacy = privacy_of(
            database, container, sealer=sealer, audit=PostgresAuditTrail, operations=Starter(operations)
        )
        state, chat = state_on(ground, settings), PostgresChat(database, sealer)
        await stack.enter_async_context(settling(state["limiter"].settled))
        state["checks"] += (
            Check(name="queue", hard=False, timeout=CHECK_TIMEOUT_S, probe=relay.ping),
            *(secret_check(name, key) for name, key in settings.keys.items()),
        )
        yield ApiState(
            **state,
            audit=PostgresAuditTrail(database),
            audit_history=PostgresAuditHistory(database),
            chat=Chat(
                store=chat,
                disclosures=chat,
                model=model,
                leaving=state["leaving"],
                now=now_in_utc,
            ),
            operations=operations,
            privacy=privacy,
            telegram=_webhook(ground, settings),
        )


def _webhook(ground: Ground, settings: ApiSettings) -> TelegramWebhook:
    return TelegramWebhook(
        secret=settings.keys[ApiEnv.TELEGRAM_WEBHOOK_SECRET],
        updates=PostgresTelegramUpdates(ground.database),
        links=PostgresTelegramLinks(ground.database, ground.sealer),
        now=now_in_utc,
    )
