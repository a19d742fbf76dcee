"""Who may send and receive, and what others are told."""

from datetime import UTC, datetime

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.exceptions import (
    MessagingEntityNotFoundError,
    ServiceBusAuthorizationError,
    ServiceBusError,
)

from localazure.planes.tokens import Identity
from tests.integration.bus.bus_harness import NOBODY, OWNER, QUEUE, RECEIVER, SENDER, Bus, bodies, take

FAR_AWAY = datetime(2100, 1, 1, tzinfo=UTC)


async def test_a_sender_sends_and_a_receiver_receives(bus: Bus) -> None:
    sender, receiver = await bus.sender(SENDER), await bus.receiver(RECEIVER)
    await sender.send_messages(ServiceBusMessage("a"))
    await receiver.complete_message(*await take(receiver))
    assert await bodies(receiver) == []


@pytest.mark.parametrize("identity", [RECEIVER, NOBODY], ids=["receiver", "nobody"])
async def test_only_a_sender_may_send(bus: Bus, identity: Identity) -> None:
    with pytest.raises(ServiceBusAuthorizationError) as refused:
        await (await bus.sender(identity)).send_messages(ServiceBusMessage("a"))
    said = "Unauthorized access. 'Send' claim(s) are required to perform this operation. Resource: 'sb://127.0.0.1:"
    assert said in str(refused.value)
    assert bus.broker.counts(QUEUE).active == 0


async def test_only_a_receiver_may_receive(bus: Bus) -> None:
    with pytest.raises(ServiceBusAuthorizationError, match="'Listen' claim"):
        await (await bus.receiver(SENDER)).receive_messages(1, max_wait_time=1)


async def test_only_a_sender_may_schedule(bus: Bus) -> None:
    client = await bus.client(SENDER)
    async with client.get_queue_sender(QUEUE) as sender:
        [number] = await sender.schedule_messages([ServiceBusMessage("a")], FAR_AWAY)
    receiving = await bus.client(RECEIVER)
    with pytest.raises(ServiceBusError, match="'Send' claim"):
        async with receiving.get_queue_sender(QUEUE) as sender:
            await sender.cancel_scheduled_messages(number)
    assert bus.broker.counts(QUEUE).scheduled == 1


async def test_an_entity_that_is_not_there_is_named(bus: Bus) -> None:
    text = "The messaging entity 'sb://127.0.0.1:.*/nope' could not be found. To know more visit"
    with pytest.raises(MessagingEntityNotFoundError, match=text):
        await (await bus.sender(queue="nope")).send_messages(ServiceBusMessage("a"))
    with pytest.raises(MessagingEntityNotFoundError, match=text):
        await (await bus.receiver(queue="nope")).receive_messages(1, max_wait_time=1)


async def test_who_has_no_role_does_not_learn_what_is_there(bus: Bus) -> None:
    with pytest.raises(ServiceBusAuthorizationError):
        await (await bus.sender(NOBODY, queue="nope")).send_messages(ServiceBusMessage("a"))


@pytest.mark.parametrize("credential", [{"resource": "https://vault.azure.net"}, {"lifetime_seconds": -10}])
async def test_a_token_for_something_else_or_of_the_past_opens_nothing(bus: Bus, credential: dict[str, object]) -> None:
    client = await bus.client(OWNER, **credential)
    with pytest.raises(ServiceBusError):
        async with client.get_queue_sender(QUEUE) as sender:
            await sender.send_messages(ServiceBusMessage("a"))
    assert bus.broker.counts(QUEUE).active == 0


async def test_a_token_that_has_ended_opens_no_further_link(bus: Bus) -> None:
    client = await bus.client(OWNER, lifetime_seconds=600)
    async with client.get_queue_sender(QUEUE) as sender:
        await sender.send_messages(ServiceBusMessage("a"))
        bus.clock.forward(601)
        with pytest.raises(ServiceBusError, match="'Send' claim"):
            await sender.schedule_messages([ServiceBusMessage("b")], FAR_AWAY)
