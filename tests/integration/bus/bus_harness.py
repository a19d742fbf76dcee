"""A broker with one queue, and the official client in front of it."""

import ssl
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from azure.core.credentials import AccessToken
from azure.servicebus import ServiceBusReceivedMessage, ServiceBusSubQueue, TransportType
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver, ServiceBusSender

from localazure.bus.broker import Broker
from localazure.bus.cbs import RESOURCE
from localazure.bus.database import open_database
from localazure.bus.rules import QueueRules
from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import Identity, TokenSigner
from tests.unit.localazure.bus.bus_parts import Clock

QUEUE: Final = "operations"
OWNER, SENDER, RECEIVER, NOBODY = (
    Identity(client_id=f"client-{name}", object_id=name, resource_id=f"/{name}")
    for name in ("owner", "sender", "receiver", "nobody")
)
CLAIMS: Final = {"owner": {"Send", "Listen"}, "sender": {"Send"}, "receiver": {"Listen"}}
RULES: Final = QueueRules(
    lock_seconds=60,
    max_delivery_count=3,
    ttl_seconds=1000,
    dead_letter_on_expiry=True,
    duplicate_window_seconds=600,
    max_bytes=2 * 1024 * 1024,
)
PATIENCE: Final = 60
"""Seconds that a message on its way may take on a busy machine."""


@dataclass(frozen=True, kw_only=True)
class Credential:
    """Tokens of an identity, as the identity endpoint gives them."""

    tokens: TokenSigner
    identity: Identity
    resource: str = RESOURCE
    lifetime_seconds: int = 3600

    async def get_token(self, *_: str, **__: Any) -> AccessToken:
        lifetime = self.lifetime_seconds
        token = self.tokens.issue_for(self.identity, resource=self.resource, lifetime_seconds=lifetime)
        return AccessToken(token, int(time.time()) + 3600)

    async def close(self) -> None: ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None: ...


@dataclass(kw_only=True)
class Bus:
    """A started broker. Its clock passes only when it is told to, and starts at the time of the machine."""

    authority: CertificateAuthority
    broker: Broker
    clock: Clock
    port: int
    tokens: TokenSigner
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def client(self, identity: Identity = OWNER, **credential: Any) -> ServiceBusClient:
        """The official client, made as the service makes it on Azure."""
        made = ServiceBusClient(
            "127.0.0.1",
            Credential(tokens=self.tokens, identity=identity, **credential),
            custom_endpoint_address=f"sb://127.0.0.1:{self.port}",
            retry_total=0,
            ssl_context=ssl.create_default_context(cafile=self.authority.bundle),
            transport_type=TransportType.Amqp,
        )
        return await self.stack.enter_async_context(made)

    async def sender(self, identity: Identity = OWNER, queue: str = QUEUE) -> ServiceBusSender:
        client = await self.client(identity)
        return await self.stack.enter_async_context(client.get_queue_sender(queue))

    async def receiver(self, identity: Identity = OWNER, queue: str = QUEUE, **how: Any) -> ServiceBusReceiver:
        client = await self.client(identity)
        return await self.stack.enter_async_context(client.get_queue_receiver(queue, **how))

    async def dead_letters(self) -> ServiceBusReceiver:
        return await self.receiver(sub_queue=ServiceBusSubQueue.DEAD_LETTER)


@asynccontextmanager
async def started(keys: Path, database: Path, *, clock: Any = None, **how: Any) -> AsyncGenerator[Bus]:
    """A broker over the messages of a file, with keys from a folder."""
    authority, tokens = CertificateAuthority(keys / "tls"), TokenSigner(keys / "tokens", "tenant")
    clock = clock or Clock(time.time())
    kept = open_database(database)
    broker = Broker(
        authorize=lambda object_id, claim, _: claim in CLAIMS.get(object_id, ()),
        clock=clock,
        database=kept,
        tokens=tokens,
        **how,
    )
    port = await broker.start(authority.server_context())
    broker.declare(QUEUE, RULES)
    bus = Bus(authority=authority, broker=broker, clock=clock, port=port, tokens=tokens)
    try:
        async with bus.stack:
            yield bus
    finally:
        await broker.stop()
        kept.close()


async def take(receiver: ServiceBusReceiver, count: int = 1) -> list[ServiceBusReceivedMessage]:
    """Receive so many messages."""
    found: list[ServiceBusReceivedMessage] = []
    while len(found) < count:
        more = await receiver.receive_messages(count - len(found), max_wait_time=PATIENCE)
        assert more, f"{count} messages expected, {len(found)} came"
        found += more
    return found


async def bodies(receiver: ServiceBusReceiver) -> list[str]:
    """What is in a queue, without taking it."""
    return [str(message) for message in await receiver.peek_messages(100, sequence_number=1)]
