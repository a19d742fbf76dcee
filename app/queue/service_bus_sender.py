"""The queue in Service Bus, for those who send."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from azure.core.credentials_async import AsyncTokenCredential
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusSender

from app.contract import TRACE_PROPERTIES
from app.domain.outbox import Message
from app.queue.service_bus_client import OPEN_S, service_bus_client, unavailable
from app.settings.groups import QueueSettings

SEND_S: Final = 5.0
"""Bound on a batch: so long its rows are locked."""


class ServiceBusSendQueue:
    """The port `SendQueue` on Service Bus.

    Args:
        settings: Where the queue is.
        credential: Of the identity that may send.
        tls: How to verify the namespace.
    """

    def __init__(self, settings: QueueSettings, credential: AsyncTokenCredential, tls: ssl.SSLContext) -> None:
        self._settings = settings
        self._credential = credential
        self._tls = tls

    @asynccontextmanager
    async def open(self) -> AsyncGenerator["ServiceBusSendLink"]:
        """Open a link."""
        host, name = self._settings.host, self._settings.name
        async with service_bus_client(host, self._credential, self._tls) as client:
            sender = client.get_queue_sender(name)
            with unavailable(f"{host}/{name} does not answer"):
                async with asyncio.timeout(OPEN_S):
                    await sender.__aenter__()
            try:
                yield ServiceBusSendLink(sender)
            finally:
                await sender.close()


class ServiceBusSendLink:
    """The port `Sender` on an open link."""

    def __init__(self, sender: ServiceBusSender) -> None:
        self._sender = sender

    async def send(self, messages: Sequence[Message]) -> None:
        """Send messages as one batch, which the queue takes as a whole."""
        batch = [
            ServiceBusMessage(
                message.body,
                message_id=str(message.id),
                subject=message.kind,
                content_type="application/json",
                application_properties=_trace_of(message),
            )
            for message in messages
        ]
        with unavailable("the messages are not sent"):
            async with asyncio.timeout(SEND_S):
                await self._sender.send_messages(batch)


def _trace_of(message: Message) -> dict[str | bytes, Any]:
    """Return the properties for the trace: both, as Azure's libraries do, so that tools find it by either."""
    return dict.fromkeys(TRACE_PROPERTIES, message.traceparent) if message.traceparent else {}
