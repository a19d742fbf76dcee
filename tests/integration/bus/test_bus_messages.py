"""Messages through the official client: sent, received and settled in every way."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from azure.servicebus import ServiceBusMessage, ServiceBusReceiveMode
from azure.servicebus.exceptions import MessageLockLostError, MessageNotFoundError, ServiceBusError
from azure.servicebus.exceptions import ServiceBusQuotaExceededError as QueueFullError

from tests.integration.bus.bus_harness import QUEUE, RULES, Bus, bodies, started, take


async def test_a_message_arrives_as_it_was_sent(bus: Bus) -> None:
    sender, receiver = await bus.sender(), await bus.receiver()
    await sender.send_messages(
        ServiceBusMessage(
            "work",
            application_properties={"n": 5, "k": "v"},
            content_type="text/plain",
            correlation_id="c",
            message_id="m",
            subject="s",
        )
    )
    [message] = await take(receiver)
    assert (str(message), message.message_id, message.correlation_id) == ("work", "m", "c")
    assert (message.subject, message.content_type) == ("s", "text/plain")
    assert message.application_properties == {b"n": 5, b"k": b"v"}
    assert (message.sequence_number, message.delivery_count) == (1, 0)
    now = datetime.fromtimestamp(int(bus.clock.now * 1000) / 1000, UTC)
    assert (message.enqueued_time_utc, message.locked_until_utc) == (now, now + timedelta(seconds=60))


async def test_a_list_and_a_batch_arrive_as_single_messages(bus: Bus) -> None:
    sender, receiver = await bus.sender(), await bus.receiver()
    await sender.send_messages([ServiceBusMessage("a"), ServiceBusMessage("b")])
    batch = await sender.create_message_batch()
    batch.add_message(ServiceBusMessage("c"))
    batch.add_message(ServiceBusMessage("d"))
    await sender.send_messages(batch)
    assert [str(message) for message in await take(receiver, 4)] == ["a", "b", "c", "d"]


async def test_a_message_of_many_frames_arrives_whole(bus: Bus) -> None:
    sender, receiver = await bus.sender(), await bus.receiver()
    await sender.send_messages(ServiceBusMessage("x" * 250_000))
    [message] = await take(receiver)
    assert str(message) == "x" * 250_000


async def test_a_completed_message_is_gone(bus: Bus) -> None:
    sender, receiver = await bus.sender(), await bus.receiver()
    await sender.send_messages(ServiceBusMessage("a"))
    await receiver.complete_message(*await take(receiver))
    assert await bodies(receiver) == []


async def test_an_abandoned_message_comes_again_until_it_is_a_dead_letter(bus: Bus) -> None:
    sender, receiver = await bus.sender(), await bus.receiver()
    await sender.send_messages(ServiceBusMessage("a"))
    for attempts in range(3):
        [message] = await take(receiver)
        assert message.delivery_count == attempts
        await receiver.abandon_message(message)
    dead = await bus.dead_letters()
    [message] = await take(dead)
    assert message.dead_letter_reason == "MaxDeliveryCountExceeded"
    assert message.dead_letter_error_description == "Message could not be consumed after 3 delivery attempts."
    await dead.complete_message(message)
    assert await bodies(dead) == []


async def test_a_dead_letter_says_what_its_receiver_said(bus: Bus) -> None:
    sender, receiver = await bus.sender(), await bus.receiver()
    await sender.send_messages(ServiceBusMessage("a", application_properties={"k": "v"}))
    [message] = await take(receiver)
    await receiver.dead_letter_message(message, reason="bad", error_description="no such task")
    [dead] = await take(await bus.dead_letters())
    assert (dead.dead_letter_reason, dead.dead_letter_error_description) == ("bad", "no such task")
    assert cast("Any", dead.application_properties)[b"k"] == b"v"


async def test_a_deferred_message_is_received_and_settled_by_its_number(bus: Bus) -> None:
    sender, receiver = await bus.sender(), await bus.receiver()
    await sender.send_messages([ServiceBusMessage("a"), ServiceBusMessage("b")])
    for message in await take(receiver, 2):
        await receiver.defer_message(message)
    first, second = await receiver.receive_deferred_messages([1, 2])
    await receiver.complete_message(first)
    await receiver.dead_letter_message(second, reason="late", error_description="")
    with pytest.raises(MessageNotFoundError, match="sequence number 1 was not found"):
        await receiver.receive_deferred_messages([1])
    assert await bodies(await bus.dead_letters()) == ["b"]


async def test_received_and_deleted_is_gone_without_more_ado(bus: Bus) -> None:
    sender = await bus.sender()
    receiver = await bus.receiver(receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE)
    await sender.send_messages(ServiceBusMessage("a"))
    await take(receiver)
    assert await bodies(receiver) == []


async def test_a_lock_that_has_ended_settles_nothing_and_the_message_comes_again(bus: Bus) -> None:
    sender, receiver = await bus.sender(), await bus.receiver()
    await sender.send_messages(ServiceBusMessage("a"))
    [message] = await take(receiver)
    bus.clock.forward(61)
    with pytest.raises(MessageLockLostError, match="The lock supplied is invalid"):
        await receiver.complete_message(message)
    [message] = await take(receiver)
    assert message.delivery_count == 1


async def test_a_renewed_lock_holds(bus: Bus) -> None:
    sender, receiver = await bus.sender(), await bus.receiver()
    await sender.send_messages(ServiceBusMessage("a"))
    [message] = await take(receiver)
    bus.clock.forward(50)
    await receiver.renew_message_lock(message)
    bus.clock.forward(50)
    await receiver.complete_message(message)
    assert await bodies(receiver) == []


async def test_a_lock_that_has_ended_is_not_renewed(bus: Bus) -> None:
    sender, receiver = await bus.sender(), await bus.receiver()
    await sender.send_messages(ServiceBusMessage("a"))
    [message] = await take(receiver)
    bus.clock.forward(61)
    with pytest.raises(MessageLockLostError, match="The lock supplied is invalid"):
        await receiver.renew_message_lock(message)


async def test_a_client_that_goes_away_leaves_its_message_locked(bus: Bus) -> None:
    sender, first = await bus.sender(), await bus.receiver()
    await sender.send_messages(ServiceBusMessage("a"))
    await take(first)
    await first.close()
    second = await bus.receiver()
    assert await second.receive_messages(1, max_wait_time=0.2) == []
    bus.clock.forward(61)
    [message] = await take(second)
    assert message.delivery_count == 1


async def test_an_expired_message_is_a_dead_letter(bus: Bus) -> None:
    sender = await bus.sender()
    await sender.send_messages(ServiceBusMessage("a", time_to_live=timedelta(seconds=30)))
    bus.clock.forward(31)
    [message] = await take(await bus.dead_letters())
    assert message.dead_letter_reason == "TTLExpiredException"


async def test_a_scheduled_message_arrives_when_it_is_due_and_a_cancelled_one_never(bus: Bus) -> None:
    sender, receiver = await bus.sender(), await bus.receiver()
    due = datetime.fromtimestamp(bus.clock.now + 100, UTC)
    numbers = await sender.schedule_messages([ServiceBusMessage("kept"), ServiceBusMessage("cancelled")], due)
    await sender.cancel_scheduled_messages(numbers[1])
    assert await receiver.receive_messages(1, max_wait_time=0.2) == []
    bus.clock.forward(101)
    [message] = await take(receiver)
    assert str(message) == "kept"
    assert await bodies(receiver) == ["kept"]


async def test_a_scheduled_time_on_the_message_itself_holds_too(bus: Bus) -> None:
    sender, receiver = await bus.sender(), await bus.receiver()
    due = datetime.fromtimestamp(bus.clock.now + 100, UTC)
    await sender.send_messages(ServiceBusMessage("later", scheduled_enqueue_time_utc=due))
    assert bus.broker.counts(QUEUE).scheduled == 1
    bus.clock.forward(101)
    [message] = await take(receiver)
    assert str(message) == "later"


async def test_a_waiting_receiver_hears_of_time_that_passes(bus_keys: Path, tmp_path: Path) -> None:
    async with started(bus_keys, tmp_path / "bus.db", clock=time.time) as bus:
        sender, receiver = await bus.sender(), await bus.receiver()
        await sender.schedule_messages(ServiceBusMessage("soon"), datetime.now(UTC) + timedelta(seconds=1))
        [message] = await take(receiver)
        assert str(message) == "soon"


async def test_a_peek_takes_nothing(bus: Bus) -> None:
    sender, receiver = await bus.sender(), await bus.receiver()
    await sender.send_messages([ServiceBusMessage("a"), ServiceBusMessage("b")])
    peeked = await receiver.peek_messages(10)
    assert [(str(message), message.sequence_number) for message in peeked] == [("a", 1), ("b", 2)]
    assert [str(message) for message in await take(receiver, 2)] == ["a", "b"]


async def test_a_message_sent_twice_is_taken_once_within_the_window(bus: Bus) -> None:
    sender, receiver = await bus.sender(), await bus.receiver()
    for _ in range(2):
        await sender.send_messages(ServiceBusMessage("a", message_id="same"))
    assert await bodies(receiver) == ["a"]
    bus.clock.forward(601)
    await sender.send_messages(ServiceBusMessage("a", message_id="same"))
    assert await bodies(receiver) == ["a", "a"]


async def test_many_messages_flow_to_a_receiver_that_prefetches(bus: Bus) -> None:
    sender, receiver = await bus.sender(), await bus.receiver(prefetch_count=50)
    await sender.send_messages([ServiceBusMessage(str(number)) for number in range(300)])
    seen: list[str] = []
    while len(seen) < 300:
        for message in await take(receiver, min(50, 300 - len(seen))):
            seen.append(str(message))
            await receiver.complete_message(message)
    assert seen == [str(number) for number in range(300)]


async def test_two_receivers_share_the_messages(bus: Bus) -> None:
    sender, one, other = await bus.sender(), await bus.receiver(), await bus.receiver()
    await sender.send_messages([ServiceBusMessage("a"), ServiceBusMessage("b")])
    shared = [*await take(one), *await take(other)]
    assert sorted(map(str, shared)) == ["a", "b"]


async def test_too_large_a_message_is_refused(bus: Bus) -> None:
    sender = await bus.sender()
    with pytest.raises(ServiceBusError):
        await sender.send_messages(ServiceBusMessage("x" * 300_000))
    assert bus.broker.counts(QUEUE).active == 0


async def test_a_full_queue_is_refused_in_the_words_of_the_service(bus: Bus) -> None:
    sender = await bus.sender()
    for _ in range(8):
        await sender.send_messages(ServiceBusMessage("x" * 250_000))
    with pytest.raises(
        QueueFullError, match="maximum entity size has been reached or exceeded for Queue: 'operations'"
    ):
        await sender.send_messages(ServiceBusMessage("x" * 250_000))


async def test_messages_and_locks_outlive_the_broker(bus_keys: Path, tmp_path: Path) -> None:
    async with started(bus_keys, tmp_path / "bus.db") as bus:
        sender, receiver = await bus.sender(), await bus.receiver()
        await sender.send_messages([ServiceBusMessage("locked"), ServiceBusMessage("waiting")])
        await take(receiver)
        clock = bus.clock
    async with started(bus_keys, tmp_path / "bus.db", clock=clock) as bus:
        receiver = await bus.receiver()
        assert [str(message) for message in await take(receiver)] == ["waiting"]
        clock.forward(61)
        assert [str(message) for message in await take(receiver)] == ["locked"]


async def test_changed_rules_hold_for_the_next_message(bus: Bus) -> None:
    bus.broker.declare(QUEUE, replace(RULES, max_delivery_count=1))
    sender, receiver = await bus.sender(), await bus.receiver()
    await sender.send_messages(ServiceBusMessage("a"))
    await receiver.abandon_message(*await take(receiver))
    assert await bodies(await bus.dead_letters()) == ["a"]


async def test_a_deleted_queue_cuts_its_clients_off(bus: Bus) -> None:
    sender = await bus.sender()
    await sender.send_messages(ServiceBusMessage("a"))
    bus.broker.remove(QUEUE)
    with pytest.raises(ServiceBusError):
        await sender.send_messages(ServiceBusMessage("b"))
    with pytest.raises(KeyError):
        bus.broker.counts(QUEUE)
