"""The queue in Service Bus, by its official client over AMQP."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.servicebus import ServiceBusReceivedMessage, TransportType
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver
from azure.servicebus.amqp import AmqpMessageBodyType

from app.domain.errors import Unavailable
from app.setting_groups import QueueSettings

OPEN_S: Final = 15.0
"""Bound on a new link, the token included."""
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
        client = ServiceBusClient(
            host.partition(":")[0],
            self._credential,
            # The client's own way to another port than AMQP's.
            custom_endpoint_address=f"sb://{host}" if ":" in host else None,
            retry_total=0,  # the consumer tries again, and says so
            ssl_context=self._tls,
            transport_type=TransportType.Amqp,
        )
        async with client:
            receiver = client.get_queue_receiver(self._settings.name)
            with _unavailable(f"{host}/{self._settings.name} does not answer"):
                async with asyncio.timeout(OPEN_S):
                    await receiver.__aenter__()
            try:
                yield ServiceBusLink(receiver)
            finally:
                await receiver.close()


class ServiceBusLink:
    """The port `Receiver` on an open link."""

    def __init__(self, receiver: ServiceBusReceiver) -> None:
        self._receiver = receiver

    async def next(self) -> "ServiceBusDelivery | None":
        """Wait for a message."""
        with _unavailable("no message can be received"):
            received = await self._receiver.receive_messages(max_message_count=1, max_wait_time=POLL_S)
        return ServiceBusDelivery(self._receiver, received[0]) if received else None


class ServiceBusDelivery:
    """The port `Delivery` on a message that is locked for us."""

    def __init__(self, receiver: ServiceBusReceiver, message: ServiceBusReceivedMessage) -> None:
        self._receiver = receiver
        self._message = message
        self.message_id = message.message_id or ""
        self.subject = message.subject or ""
        self.body = b"".join(message.body) if message.body_type is AmqpMessageBodyType.DATA else b""
        self.attempts = message.delivery_count or 0

    async def complete(self) -> None:
        """Take it off the queue."""
        with _unavailable("not completed"):
            async with asyncio.timeout(SETTLE_S):
                await self._receiver.complete_message(self._message)

    async def abandon(self) -> None:
        """Give it back."""
        with _unavailable("not abandoned"):
            async with asyncio.timeout(SETTLE_S):
                await self._receiver.abandon_message(self._message)

    async def dead_letter(self, reason: str, description: str) -> None:
        """Put it into the dead-letter queue."""
        with _unavailable("not put into the dead-letter queue"):
            async with asyncio.timeout(SETTLE_S):
                await self._receiver.dead_letter_message(
                    self._message, reason=reason, error_description=description[:DESCRIPTION_MAX]
                )


@contextmanager
def _unavailable(what: str) -> Generator[None]:
    """Translate what the client raises."""
    try:
        yield
    except (AzureError, OSError, TimeoutError) as error:
        raise Unavailable(f"{what}: {error!r}") from error
