"""The queue in Service Bus, for those who receive."""

import asyncio
import logging
import ssl
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Final

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusReceiver
from azure.servicebus.amqp import AmqpMessageBodyType

from app.contract import REPLAY_OF, TRACE_PROPERTIES
from app.domain.errors import Unavailable
from app.queue.service_bus_client import OPEN_S, service_bus_client, unavailable
from app.settings.groups import QueueSettings

POLL_S: Final = 5.0
"""How long one wait for a message is: the longest that an idle worker takes to stop."""
RENEW_MIN_S: Final = 0.5
RENEW_MAX_S: Final = 10.0
"""How often a lock is renewed at least: the platform's locks last 30 seconds or more."""
SETTLE_S: Final = 5.0
"""Bound on the settlement of a message."""
DESCRIPTION_MAX: Final = 4096
"""Characters of a dead letter's description (Microsoft, "Overview of Service Bus dead-letter queues")."""

_log = logging.getLogger(__name__)


class ServiceBusQueue:
    """The port `Queue` on Service Bus.

    Args:
        settings: Where the queue is.
        credential: Of the identity that may receive.
        tls: How to verify the namespace.
        poll: Seconds that one wait for a message takes at most.
    """

    def __init__(
        self, settings: QueueSettings, credential: AsyncTokenCredential, tls: ssl.SSLContext, *, poll: float = POLL_S
    ) -> None:
        self._settings = settings
        self._credential = credential
        self._tls = tls
        self._poll = poll

    @asynccontextmanager
    async def open(self) -> AsyncGenerator["ServiceBusLink"]:
        """Open a link."""
        host = self._settings.host
        async with service_bus_client(host, self._credential, self._tls) as client:
            receiver = client.get_queue_receiver(self._settings.name)
            with unavailable(f"{host}/{self._settings.name} does not answer"):
                async with asyncio.timeout(OPEN_S):
                    await receiver.__aenter__()
            try:
                yield ServiceBusLink(receiver, self._poll)
            finally:
                await receiver.close()


class ServiceBusLink:
    """The port `Receiver` on an open link."""

    def __init__(self, receiver: ServiceBusReceiver, poll: float) -> None:
        self._receiver = receiver
        self._poll = poll

    async def next(self) -> "ServiceBusDelivery | None":
        """Wait for a message."""
        with unavailable("no message can be received"):
            received = await self._receiver.receive_messages(max_message_count=1, max_wait_time=self._poll)
        return ServiceBusDelivery(self._receiver, received[0]) if received else None


class ServiceBusDelivery:
    """The port `Delivery` on a message that is locked for us."""

    def __init__(self, receiver: ServiceBusReceiver, message: ServiceBusReceivedMessage) -> None:
        self._receiver = receiver
        self._message = message
        self._renewing: asyncio.Task[None] | None = None
        self._settling = asyncio.Event()
        self.message_id = _known_as(message)
        self.subject = message.subject or ""
        self.body = b"".join(message.body) if message.body_type is AmqpMessageBodyType.DATA else b""
        self.traceparent = next(filter(None, (_property(message, name) for name in TRACE_PROPERTIES)), "")
        self.attempts = message.delivery_count or 0

    def hold(self, seconds: float) -> None:
        """Keep it ours; a lock that is lost is told when the message is settled."""
        self._renewing = asyncio.create_task(self._renew(seconds))

    async def _renew(self, seconds: float) -> None:
        # The client's own AutoLockRenewer looks every second, and a link that closes waits for it.
        end = time.monotonic() + seconds
        while not await self._settled_within(_pause(self._message)) and time.monotonic() < end:
            try:
                await self._receiver.renew_message_lock(self._message)
            except (AzureError, OSError, ValueError) as error:
                _log.warning("a lock is not renewed", extra={"message_id": self.message_id, "error": repr(error)})
                return

    async def _settled_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._settling.wait(), seconds)
        return self._settling.is_set()

    @asynccontextmanager
    async def _settle(self, what: str) -> AsyncGenerator[None]:
        """End the renewals, then do what the block does, all within `SETTLE_S`."""
        self._settling.set()
        with unavailable(what):
            async with asyncio.timeout(SETTLE_S):
                if self._renewing:
                    await self._renewing
                try:
                    yield
                except ValueError as error:  # what the client raises on a link that was closed meanwhile
                    raise Unavailable(f"{what}: {error!r}") from error

    async def complete(self) -> None:
        """Take it off the queue."""
        async with self._settle("not completed"):
            await self._receiver.complete_message(self._message)

    async def abandon(self) -> None:
        """Give it back."""
        async with self._settle("not abandoned"):
            await self._receiver.abandon_message(self._message)

    async def dead_letter(self, reason: str, description: str) -> None:
        """Put it into the dead-letter queue."""
        async with self._settle("not put into the dead-letter queue"):
            await self._receiver.dead_letter_message(
                self._message, reason=reason, error_description=description[:DESCRIPTION_MAX]
            )


def _pause(message: ServiceBusReceivedMessage) -> float:
    """Return how long to wait with the next renewal: half of what is left, as far as our clock can be believed."""
    until = message.locked_until_utc
    left = (until - datetime.now(UTC)).total_seconds() if until else 0.0
    return min(max(left / 2, RENEW_MIN_S), RENEW_MAX_S)


def _known_as(message: ServiceBusReceivedMessage) -> str:
    """Return the id that a message had before a person sent it again, if one has."""
    return _property(message, REPLAY_OF) or message.message_id or ""


def _property(message: ServiceBusReceivedMessage, name: str) -> str:
    """Return a property that is text, else nothing: any sender may write any."""
    value = (message.application_properties or {}).get(name.encode())
    return value.decode(errors="replace") if isinstance(value, bytes) else ""
