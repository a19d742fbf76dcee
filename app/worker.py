"""The worker: works the queue off, and answers the platform's probes, nothing else."""

import asyncio
import logging
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Final

from azure.identity.aio import ManagedIdentityCredential
from starlette.types import ASGIApp

from app.contract import WorkerEnv
from app.queue.consumer import Consumer
from app.queue.service_bus import ServiceBusQueue
from app.settings.services import WorkerSettings
from app.storage.inbox import PostgresInbox
from app.web.checks import Check
from app.web.layers import layered
from app.web.state import Checked
from app.wiring.ground import CHECK_TIMEOUT_S, open_ground, secret_check

STOP_S: Final = 15.0
"""How long the message at hand may take after SIGTERM; then it is given back, and another worker does it. With that
below 25 seconds, so that a replica ends in order also under a grace of 30, the default of Container Apps."""

_log = logging.getLogger(__name__)


def create_worker(open_state: Callable[[], AbstractAsyncContextManager[Checked]]) -> ASGIApp:
    """Make what answers the probes, over the state that `open_state` opens for its lifetime."""
    return layered((), (), open_state)


@asynccontextmanager
async def open_worker(settings: WorkerSettings) -> AsyncGenerator[Checked]:
    """Work the queue off until the end, which waits for the message at hand."""
    # The clients of blob storage are slow to import; who only looks at the worker goes without.
    from app.wiring.worker import open_work  # noqa: PLC0415 - see above

    async with AsyncExitStack() as stack:
        ground = await stack.enter_async_context(open_ground(settings, "worker"))
        credential = await stack.enter_async_context(ManagedIdentityCredential(client_id=settings.database.client_id))
        consumer = Consumer(
            queue=ServiceBusQueue(settings.queue, credential, ssl.create_default_context()),
            inbox=PostgresInbox(ground.database),
            readers=await stack.enter_async_context(open_work(settings, ground)),
        )
        await stack.enter_async_context(running(consumer))
        yield Checked(
            checks=(
                *ground.checks,
                Check(name="queue", hard=True, timeout=CHECK_TIMEOUT_S, probe=consumer.ping),
                secret_check(WorkerEnv.TELEGRAM_BOT_TOKEN, settings.telegram),
            ),
            tracer=ground.tracer,
        )


@asynccontextmanager
async def running(consumer: Consumer, *, stop_within: float = STOP_S) -> AsyncGenerator[None]:
    """Work the queue off; at the end take no more, and give the message at hand so many seconds."""
    work = asyncio.create_task(consumer.run())
    try:
        yield
    finally:
        consumer.stop()
        _log.info("no more messages are taken")
        try:
            await asyncio.wait_for(work, stop_within)
        except TimeoutError:
            _log.warning("the message at hand is given back")
