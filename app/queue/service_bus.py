"""The queue in Service Bus, for those who receive."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from azure.core.credentials_async import AsyncTokenCredential
from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.aio import AutoLockRenewer, ServiceBusReceiver
from azure.servicebus.amqp import AmqpMessageBodyType

from app.contract import REPLAY_OF
from app.queue.service_bus_client import OPEN_S, service_bus_client, unavailable
from app.setting_groups import QueueSettings

POLL_S: Final = 5.0
"""How long one wait for a message is: the longest that an idle worker takes to stop."""
SETTLE_S: Final = 5.0
"""Bound on the settlement of a message."""
DESCRIPTION_MAX: Final = 4096
"""Characters of a dead letter's description (Microsoft, "Overview of Service Bus dead-letter queues")."""


class ServiceBusQueue:
    """The port `Queue` on Service Bus."""

    def __init__(self, settings: QueueSettings, credential: AsyncTokenCredential) -> None:
        self._settings = settings
        self._credential = credential
        self._tls = ssl.create_default_context()

    @asynccontextmanager
    async def open(self) -> AsyncGenerator["ServiceBusLink"]:
        """Open a link."""
        host = self._settings.host
        async with service_bus_client(host, self._credential, self._tls) as client, AutoLockRenewer() as renewer:
            receiver = client.get_queue_receiver(self._settings.name)
            with unavailable(f"{host}/{self._settings.name} does not answer"):
                async with asyncio.timeout(OPEN_S):
                    await receiver.__aenter__()
            try:
                yield ServiceBusLink(receiver, renewer)
            finally:
                await receiver.close()


class ServiceBusLink:
    """The port `Receiver` on an open link."""

    def __init__(self, receiver: ServiceBusReceiver, renewer: AutoLockRenewer) -> None:
        self._receiver = receiver
        self._renewer = renewer

    async def next(self) -> "ServiceBusDelivery | None":
        """Wait for a message."""
        with unavailable("no message can be received"):
            received = await self._receiver.receive_messages(max_message_count=1, max_wait_time=POLL_S)
        return ServiceBusDelivery(self._receiver, self._renewer, received[0]) if received else None


class ServiceBusDelivery:
    """The port `Delivery` on a message that is locked for us."""

    def __init__(
        self, receiver: ServiceBusReceiver, renewer: AutoLockRenewer, message: ServiceBusReceivedMessage
    ) -> None:
        self._receiver = receiver
        self._renewer = renewer
        self._message = message
        self.message_id = _known_as(message)
        self.subject = message.subject or ""
        self.body = b"".join(message.body) if message.body_type is AmqpMessageBodyType.DATA else b""
        self.attempts = message.delivery_count or 0

    def hold(self, seconds: float) -> None:
        """Keep it ours; what the renewal cannot do is told when the message is settled."""
        self._renewer.register(self._receiver, self._message, max_lock_renewal_duration=seconds)

    async def complete(self) -> None:
        """Take it off the queue."""
        with unavailable("not completed"):
            async with asyncio.timeout(SETTLE_S):
                await self._receiver.complete_message(self._message)

    async def abandon(self) -> None:
        """Give it back."""
        with unavailable("not abandoned"):
            async with asyncio.timeout(SETTLE_S):
                await self._receiver.abandon_message(self._message)

    async def dead_letter(self, reason: str, description: str) -> None:
        """Put it into the dead-letter queue."""
        with unavailable("not put into the dead-letter queue"):
            async with asyncio.timeout(SETTLE_S):
                await self._receiver.dead_letter_message(
                    self._message, reason=reason, error_description=description[:DESCRIPTION_MAX]
                )


def _known_as(message: ServiceBusReceivedMessage) -> str:
    """Return the id that a message had before a person sent it again, if one has."""
    before = (message.application_properties or {}).get(REPLAY_OF.encode())
    return before.decode() if isinstance(before, bytes) else message.message_id or ""
