"""A relay that runs for the lifetime of a process that keeps messages."""

import asyncio
import logging
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Final

from azure.identity.aio import ManagedIdentityCredential

from app.domain.outbox import Outbox
from app.queue.relay import Relay
from app.queue.service_bus_sender import ServiceBusSendQueue
from app.settings.groups import QueueSettings

STOP_S: Final = 3.0
"""How long what still waits may be sent at the end; another process sends the rest."""

_log = logging.getLogger(__name__)


@asynccontextmanager
async def open_relay(settings: QueueSettings, client_id: str, outbox: Outbox) -> AsyncGenerator[Relay]:
    """Send what waits in the outbox, as the managed identity of this client id, until the end."""
    async with ManagedIdentityCredential(client_id=client_id) as credential:
        relay = Relay(outbox=outbox, queue=ServiceBusSendQueue(settings, credential, ssl.create_default_context()))
        async with relaying(relay):
            yield relay


@asynccontextmanager
async def relaying(relay: Relay) -> AsyncGenerator[None]:
    """Run a relay in the background."""
    work = asyncio.create_task(relay.run())
    try:
        yield
    finally:
        relay.stop()
        with suppress(TimeoutError):  # a queue that is down gets it later
            await asyncio.wait_for(work, STOP_S)
        _log.info("the relay has ended", extra={"sent": relay.sent, "waiting": relay.backlog.depth})
