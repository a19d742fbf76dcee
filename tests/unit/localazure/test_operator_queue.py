"""What an operator does with the queue of a stack in the embedded Azure: `make dead-letters` and `make replay`."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from azure.servicebus import ServiceBusMessage, ServiceBusReceivedMessage, ServiceBusSubQueue, TransportType
from azure.servicebus.aio import ServiceBusClient
from azure.servicebus.amqp import AmqpAnnotatedMessage, AmqpMessageProperties

from app.contract import OPERATIONS_QUEUE, REPLAY_OF, TRACE_PROPERTIES
from app.queue.service_bus import ServiceBusQueue
from app.settings.groups import QueueSettings
from localazure.azure import Azure
from localazure.client import Client
from localazure.control import control_app
from localazure.endpoints import Endpoints
from localazure.operator import OPERATOR
from localazure.planes.tokens import TokenSigner
from localazure.subscription import TENANT_ID
from ops.dead_letters import put_back, show
from ops.queue_access import local_queue
from ops.target import UsageError
from tests.integration.bus.bus_harness import Credential
from tests.unit.localazure.arm import create

IN_DEV = {"resourceGroupName": "rg-dme-dev"}
BODY = '{"owner": {"issuer": "i", "subject": "ada"}, "operation": "019aaf5e-0000-7000-8000-000000000000"}'
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
PATIENCE_S = 30


@dataclass(frozen=True, kw_only=True)
class Operator:
    """Who has the state folder. The commands block, and the broker runs in this process: each has its own thread."""

    client: Client
    capsys: pytest.CaptureFixture[str]
    tokens: TokenSigner

    async def show(self) -> str:
        await asyncio.to_thread(lambda: show(local_queue(self.client, "dev")))
        return self.capsys.readouterr().out

    async def put_back(self, wanted: str) -> tuple[int, str]:
        status = await asyncio.to_thread(lambda: put_back(local_queue(self.client, "dev"), wanted))
        return status, self.capsys.readouterr().out

    @asynccontextmanager
    async def bus(self) -> AsyncGenerator[ServiceBusClient]:
        access = await asyncio.to_thread(lambda: local_queue(self.client, "dev"))
        async with ServiceBusClient(
            "127.0.0.1",
            Credential(tokens=self.tokens, identity=OPERATOR),
            custom_endpoint_address=f"sb://{access.host}",
            ssl_context=access.tls,
            transport_type=TransportType.Amqp,
        ) as client:
            yield client

    async def send(self, *messages: ServiceBusMessage) -> None:
        async with self.bus() as client, client.get_queue_sender(OPERATIONS_QUEUE) as sender:
            await sender.send_messages([*messages])

    async def bury(self, count: int) -> None:
        """Make dead letters of messages that wait."""
        async with self.bus() as client, client.get_queue_receiver(OPERATIONS_QUEUE) as receiver:
            for _ in range(count):
                [message] = await receiver.receive_messages(1, max_wait_time=PATIENCE_S)
                await receiver.dead_letter_message(message, reason="UnknownSubject", error_description="no such kind")

    async def worked_off(self, count: int) -> dict[str, str]:
        """The trace that a worker goes on with for each message, by the id that it knows."""
        access = await asyncio.to_thread(lambda: local_queue(self.client, "dev"))
        credential: Any = Credential(tokens=self.tokens, identity=OPERATOR)
        settings, traces = QueueSettings(host=access.host, name=OPERATIONS_QUEUE), dict[str, str]()
        async with ServiceBusQueue(settings, credential, access.tls, poll=PATIENCE_S).open() as link:
            for _ in range(count):
                delivery = await link.next()
                assert delivery is not None
                traces[delivery.message_id] = delivery.traceparent
                await delivery.complete()
        return traces

    async def look(self, **how: Any) -> list[ServiceBusReceivedMessage]:
        async with self.bus() as client, client.get_queue_receiver(OPERATIONS_QUEUE, **how) as receiver:
            return await receiver.peek_messages(100, sequence_number=1)

    async def dead(self) -> list[str | None]:
        return [message.message_id for message in await self.look(sub_queue=ServiceBusSubQueue.DEAD_LETTER)]


@pytest.fixture
async def operator(azure: Azure, state: Path, capsys: pytest.CaptureFixture[str]) -> AsyncGenerator[Operator]:
    """An operator of a cloud with the queue of dev."""
    server = TestServer(control_app(azure, secret="open", stop=lambda: None), host="127.0.0.1")
    await server.start_server()
    endpoints = Endpoints(
        pid=0,
        control_port=server.make_url("/").port or 0,
        secret="open",
        azure_native_port=0,
        random_port=0,
        language_port=0,
        authority=str(azure.runtime.authority.bundle),
    )
    yield Operator(client=Client(state, endpoints), capsys=capsys, tokens=TokenSigner(state / "tokens", TENANT_ID))
    await server.close()


async def deploy(azure: Azure) -> None:
    await create(azure, "resources:ResourceGroup", **IN_DEV)
    await create(azure, "servicebus:Namespace", **IN_DEV)
    detecting = {"requiresDuplicateDetection": True, "duplicateDetectionHistoryTimeWindow": "PT10M"}
    await create(azure, "servicebus:Queue", **IN_DEV, queueName=OPERATIONS_QUEUE, **detecting)


def message(message_id: str, **properties: str) -> ServiceBusMessage:
    return ServiceBusMessage(
        BODY,
        message_id=message_id,
        subject="tasks.lose",
        content_type="application/json",
        application_properties={**properties},
    )


async def test_a7_dead_letters_are_listed_without_bodies_and_none_is_put_back_unless_it_is_named(
    azure: Azure, operator: Operator
) -> None:
    await deploy(azure)
    deep = ServiceBusMessage(b'{"a":' * 5000, message_id="m-3")
    await operator.send(message("m-1"), ServiceBusMessage(b"\xff", message_id="m-2"), deep)
    await operator.bury(3)
    first, second, third = (await operator.show()).splitlines()
    assert first.startswith("m-1 tasks.lose operation=019aaf5e-0000-7000-8000-000000000000 ")
    assert first.endswith(" UnknownSubject: no such kind")
    assert (second[:4], third[:4]) == ("m-2 ", "m-3 ")
    assert "ada" not in first
    would = "".join(f"would be put back: {line}\n" for line in (first, second, third))
    assert await operator.put_back("") == (0, would)
    assert (await operator.dead(), await operator.look()) == (["m-1", "m-2", "m-3"], [])


async def test_a7_a_dead_letter_is_put_back_as_a_new_message_that_is_known_by_its_first_id(
    azure: Azure, operator: Operator
) -> None:
    await deploy(azure)
    await operator.send(message("m-1"), message("m-2"))
    await operator.bury(2)
    assert (await operator.put_back("m-2"))[0] == 0
    assert await operator.dead() == ["m-1"]
    await operator.bury(1)
    assert (await operator.put_back("all"))[0] == 0
    again = {(one.application_properties or {})[REPLAY_OF.encode()]: one for one in await operator.look()}
    assert set(again) == {b"m-1", b"m-2"}
    assert not {one.message_id for one in again.values()} & {"m-1", "m-2"}
    for one in again.values():
        assert (str(one), one.subject, one.content_type) == (BODY, "tasks.lose", "application/json")


async def test_a7_the_work_of_a_dead_letter_that_is_put_back_goes_on_in_the_trace_of_its_request(
    azure: Azure, operator: Operator
) -> None:
    await deploy(azure)
    await operator.send(message("untraced"), *(message(name, **{name: TRACEPARENT}) for name in TRACE_PROPERTIES))
    await operator.bury(3)
    assert (await operator.put_back("all"))[0] == 0
    assert await operator.worked_off(3) == {"untraced": "", **dict.fromkeys(TRACE_PROPERTIES, TRACEPARENT)}


async def test_a7_a_dead_letter_whose_body_is_no_bytes_is_refused_by_name_and_the_others_are_put_back(
    azure: Azure, operator: Operator
) -> None:
    await deploy(azure)
    properties = AmqpMessageProperties(message_id="m-2", subject="tasks.lose")
    value: Any = AmqpAnnotatedMessage(value_body="text", properties=properties)
    await operator.send(message("m-1"), value, message("m-3"))
    await operator.bury(3)
    refusal = "cannot be put back: m-2 tasks.lose "
    assert (await operator.put_back(""))[1].splitlines()[1].startswith(refusal)
    status, said = await operator.put_back("all")
    assert [line.partition(" as ")[0] for line in said.splitlines()[:2]] == ["put back: m-1", "put back: m-3"]
    assert (status, said.splitlines()[2].startswith(refusal)) == (1, True)
    assert await operator.dead() == ["m-2"]
    assert [str(one) for one in await operator.look()] == [BODY, BODY]


async def test_an_unknown_dead_letter_is_refused(azure: Azure, operator: Operator) -> None:
    await deploy(azure)
    with pytest.raises(UsageError, match="REPLAY=m-9: no such dead letter"):
        await operator.put_back("m-9")


async def test_a_stack_without_a_queue_is_told_so(operator: Operator) -> None:
    with pytest.raises(UsageError, match="make up STACK=dev"):
        await operator.show()
