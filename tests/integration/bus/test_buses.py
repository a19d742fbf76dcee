"""Started namespaces: their addresses, their roles, and what is left of them."""

import ssl
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from azure.servicebus import ServiceBusMessage, TransportType
from azure.servicebus.aio import ServiceBusClient
from azure.servicebus.exceptions import ServiceBusAuthorizationError

from localazure.bus.rules import QueueRules
from localazure.buses import Buses
from localazure.errors import StateError
from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import Identity, TokenSigner
from localazure.store import Record, Store
from tests.integration.bus.bus_harness import Credential

NAMESPACE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ServiceBus/namespaces/Messages"
QUEUE = "operations"
WORKER = Identity(client_id="c", object_id="worker", resource_id="/worker")
SENDER, RECEIVER, OWNER = (
    "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39",
    "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0",
    "090c5cfd-751d-490a-894a-3ce6f1109419",
)


@dataclass(kw_only=True)
class Cloud:
    authority: CertificateAuthority
    buses: Buses
    store: Store
    tokens: TokenSigner

    def grant(self, role: str, scope: str = f"{NAMESPACE}/queues/{QUEUE}") -> None:
        inputs = {"principalId": "worker", "roleDefinitionId": f"/roleDefinitions/{role}", "scope": scope}
        self.store.put(Record(token="authorization:RoleAssignment", id=f"/r/{role}", inputs=inputs, outputs={}))

    def client(self, host: str) -> ServiceBusClient:
        return ServiceBusClient(
            host,
            Credential(tokens=self.tokens, identity=WORKER),
            custom_endpoint_address=f"sb://{host}",
            retry_total=0,
            ssl_context=ssl.create_default_context(cafile=self.authority.bundle),
            transport_type=TransportType.Amqp,
        )

    async def send(self, host: str) -> None:
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(self.client(host))
            sender = await stack.enter_async_context(client.get_queue_sender(QUEUE))
            await sender.send_messages(ServiceBusMessage("a"))


@pytest.fixture
async def cloud(bus_keys: Path, tmp_path: Path) -> AsyncGenerator[Cloud]:
    authority, tokens = CertificateAuthority(bus_keys / "tls"), TokenSigner(bus_keys / "tokens", "tenant")
    store = Store(tmp_path / "azure.json")
    buses = Buses(tmp_path / "buses", authority, store, tokens)
    yield Cloud(authority=authority, buses=buses, store=store, tokens=tokens)
    await buses.stop()


async def start(cloud: Cloud) -> str:
    host = await cloud.buses.start(NAMESPACE)
    cloud.buses.declare(NAMESPACE, QUEUE, QueueRules())
    return host


@pytest.mark.parametrize(
    ("role", "scope"),
    [
        (SENDER, f"{NAMESPACE}/queues/{QUEUE}"),
        (OWNER, NAMESPACE.lower()),
        (SENDER, "/subscriptions/s/resourceGroups/rg"),
    ],
    ids=["queue", "namespace", "group"],
)
async def test_a_role_at_or_above_the_queue_lets_send(cloud: Cloud, role: str, scope: str) -> None:
    host = await start(cloud)
    cloud.grant(role, scope)
    await cloud.send(host)
    assert cloud.buses.counts(NAMESPACE, QUEUE).active == 1


@pytest.mark.parametrize(
    ("role", "scope"), [(RECEIVER, NAMESPACE), (SENDER, f"{NAMESPACE}/queues/other")], ids=["role", "scope"]
)
async def test_another_role_or_another_queue_does_not(cloud: Cloud, role: str, scope: str) -> None:
    host = await start(cloud)
    cloud.grant(role, scope)
    with pytest.raises(ServiceBusAuthorizationError, match="'Send' claim"):
        await cloud.send(host)


async def test_a_namespace_keeps_its_address_and_its_messages(cloud: Cloud) -> None:
    cloud.grant(SENDER)
    host = await start(cloud)
    await cloud.send(host)
    await cloud.buses.stop()
    assert await start(cloud) == host
    assert cloud.buses.counts(NAMESPACE, QUEUE).active == 1


async def test_a_dropped_namespace_leaves_nothing(cloud: Cloud, tmp_path: Path) -> None:
    cloud.grant(SENDER)
    await cloud.send(await start(cloud))
    await cloud.buses.drop(NAMESPACE)
    assert list((tmp_path / "buses").iterdir()) == []
    await start(cloud)
    assert cloud.buses.counts(NAMESPACE, QUEUE).active == 0


async def test_waiting_messages_are_counted_by_address_and_by_name(cloud: Cloud) -> None:
    cloud.grant(SENDER)
    host = await start(cloud)
    await cloud.send(host)
    assert cloud.buses.active_messages(host, QUEUE) == 1
    assert cloud.buses.active_messages("messages", "Operations") == 1
    with pytest.raises(KeyError):
        cloud.buses.active_messages("others", QUEUE)
    with pytest.raises(KeyError):
        cloud.buses.active_messages(host, "others")


async def test_a_file_that_holds_something_else_is_named(cloud: Cloud, tmp_path: Path) -> None:
    await start(cloud)
    await cloud.buses.stop()
    for path in (tmp_path / "buses").iterdir():
        path.write_bytes(b"not a database, and long enough to be read as one" * 100)
    with pytest.raises(StateError, match="does not hold the messages of a namespace"):
        await cloud.buses.start(NAMESPACE)
