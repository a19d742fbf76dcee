"""What a queue does with messages and time."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from localazure.bus.codec import DecodeError
from localazure.bus.database import open_database
from localazure.bus.errors import BusError
from localazure.bus.message import Message
from localazure.bus.queue import Delivery, Queue
from localazure.bus.rules import DEAD_LETTERS, QueueRules
from tests.unit.localazure.bus.bus_parts import Clock, body, raw

RULES = QueueRules(
    lock_seconds=60,
    max_delivery_count=2,
    ttl_seconds=1000,
    dead_letter_on_expiry=True,
    duplicate_window_seconds=600,
    max_bytes=10_000,
    max_message_bytes=1000,
)


class Bus:
    """A queue, its dead letters and a clock."""

    def __init__(self, path: Path) -> None:
        self.clock = Clock()
        self.database = open_database(path)
        self.dead = Queue(self.database, "q" + DEAD_LETTERS, RULES, self.clock)
        self.queue = Queue(self.database, "q", RULES, self.clock)

    def take(self) -> Delivery:
        delivery = self.queue.receive(lock=True)
        assert delivery is not None
        return delivery

    def bodies(self, queue: Queue | None = None) -> list[str]:
        return [body(message) for message in (queue or self.queue).peek(0, 100)]

    def why_dead(self) -> tuple[str, str]:
        [message] = (Message.parse(dead) for dead in self.dead.peek(0, 100))
        said = message.application_properties
        return said["DeadLetterReason"], said["DeadLetterErrorDescription"]


@pytest.fixture
def bus(tmp_path: Path) -> Generator[Bus]:
    made = Bus(tmp_path / "bus.db")
    with closing(made.database):
        yield made


def test_messages_come_in_the_order_in_which_they_were_sent(bus: Bus) -> None:
    assert bus.queue.send([raw("one"), raw("two")]) == [1, 2]
    assert [body(bus.take().raw), body(bus.take().raw)] == ["one", "two"]
    assert bus.queue.receive(lock=True) is None


def test_a_delivery_says_its_number_its_times_and_its_attempts(bus: Bus) -> None:
    bus.queue.send([raw("one")])
    bus.queue.abandon(bus.take().token)
    message = Message.parse(bus.take().raw)
    assert message.header[4] == 1
    assert message.annotations == {
        "x-opt-enqueued-time": bus.clock.now * 1000,
        "x-opt-locked-until": (bus.clock.now + 60) * 1000,
        "x-opt-message-state": 0,
        "x-opt-sequence-number": 1,
    }


def test_a_completed_message_is_gone_and_its_lock_with_it(bus: Bus) -> None:
    bus.queue.send([raw("one")])
    token = bus.take().token
    bus.queue.complete(token)
    assert bus.bodies() == []
    with pytest.raises(BusError, match="The lock supplied is invalid"):
        bus.queue.complete(token)


def test_an_abandoned_message_comes_again_before_later_ones(bus: Bus) -> None:
    bus.queue.send([raw("one"), raw("two")])
    bus.queue.abandon(bus.take().token)
    assert body(bus.take().raw) == "one"


def test_a_message_that_fails_too_often_is_a_dead_letter(bus: Bus) -> None:
    bus.queue.send([raw("one")])
    bus.queue.abandon(bus.take().token)
    bus.queue.abandon(bus.take().token)
    assert bus.bodies() == []
    assert bus.why_dead() == (
        "MaxDeliveryCountExceeded",
        "Message could not be consumed after 2 delivery attempts.",
    )


def test_a_message_whose_lock_ends_too_often_is_a_dead_letter(bus: Bus) -> None:
    bus.queue.send([raw("one")])
    for _ in range(2):
        bus.take()
        bus.clock.forward(60)
    bus.queue.advance()
    assert bus.why_dead()[0] == "MaxDeliveryCountExceeded"


def test_a_released_delivery_does_not_count(bus: Bus) -> None:
    bus.queue.send([raw("one")])
    for _ in range(5):
        bus.queue.release(bus.take().token)
    assert Message.parse(bus.take().raw).header[4] == 0


def test_a_dead_letter_says_why_and_never_dies_again(bus: Bus) -> None:
    bus.queue.send([raw("one")])
    bus.queue.dead_letter(bus.take().token, "bad", "no such task")
    assert bus.why_dead() == ("bad", "no such task")
    bus.clock.forward(10_000)
    for _ in range(5):
        delivery = bus.dead.receive(lock=True)
        assert delivery is not None
        bus.dead.abandon(delivery.token)
    assert bus.bodies(bus.dead) == ["one"]


def test_a_locked_message_is_nobody_elses_until_its_lock_ends(bus: Bus) -> None:
    bus.queue.send([raw("one")])
    first = bus.take()
    bus.clock.forward(59.9)
    assert bus.queue.receive(lock=True) is None
    bus.clock.forward(0.1)
    assert body(bus.take().raw) == "one"
    with pytest.raises(BusError, match="The lock supplied is invalid"):
        bus.queue.complete(first.token)


def test_a_renewed_lock_lasts_its_whole_time_again(bus: Bus) -> None:
    bus.queue.send([raw("one")])
    token = bus.take().token
    bus.clock.forward(59)
    assert bus.queue.renew(token) == bus.clock.now + 60
    bus.clock.forward(59)
    bus.queue.complete(token)


@pytest.mark.parametrize("settle", ["complete", "abandon", "release", "defer", "renew"])
def test_nothing_is_settled_without_its_lock(bus: Bus, settle: str) -> None:
    with pytest.raises(BusError) as refused:
        getattr(bus.queue, settle)(uuid4())
    assert (refused.value.condition, refused.value.status) == ("com.microsoft:message-lock-lost", 410)


@pytest.mark.parametrize(("ttl", "lives"), [(None, 1000), (10, 10), (5000, 1000)])
def test_a_message_expires_at_the_smaller_time_to_live(bus: Bus, ttl: float | None, lives: float) -> None:
    bus.queue.send([raw("one", ttl=ttl)])
    bus.clock.forward(lives - 0.1)
    bus.queue.advance()
    assert bus.bodies() == ["one"]
    bus.clock.forward(0.1)
    bus.queue.advance()
    assert bus.why_dead() == ("TTLExpiredException", "The message expired and was dead lettered.")


def test_an_expired_message_is_dropped_where_the_queue_says_so(bus: Bus) -> None:
    bus.queue.rules = QueueRules(ttl_seconds=10)
    bus.queue.send([raw("one")])
    bus.clock.forward(10)
    assert (bus.bodies(), bus.bodies(bus.dead)) == ([], [])


def test_a_locked_message_does_not_expire(bus: Bus) -> None:
    bus.queue.send([raw("one", ttl=10)])
    token = bus.take().token
    bus.clock.forward(30)
    bus.queue.complete(token)
    assert bus.bodies(bus.dead) == []


def test_a_deferred_message_is_received_by_its_number_only(bus: Bus) -> None:
    bus.queue.send([raw("one")])
    bus.queue.defer(bus.take().token)
    assert bus.queue.receive(lock=True) is None
    [delivery] = bus.queue.receive_deferred([1], lock=True)
    bus.queue.abandon(delivery.token)
    [delivery] = bus.queue.receive_deferred([1], lock=True)
    bus.queue.complete(delivery.token)
    with pytest.raises(BusError, match="sequence number 1 was not found"):
        bus.queue.receive_deferred([1], lock=True)


def test_a_scheduled_message_waits_for_its_time_and_lives_from_then_on(bus: Bus) -> None:
    bus.queue.send([raw("later", due=bus.clock.now + 100, ttl=10)])
    assert bus.queue.receive(lock=True) is None
    bus.clock.forward(100)
    bus.clock.forward(9)
    assert body(bus.take().raw) == "later"


def test_a_scheduled_message_can_be_cancelled_until_it_is_due(bus: Bus) -> None:
    first, second = bus.queue.send([raw("one", due=bus.clock.now + 100), raw("two", due=bus.clock.now + 1)])
    bus.queue.cancel([first])
    bus.clock.forward(1)
    with pytest.raises(BusError, match=f"sequence number {second} was not found"):
        bus.queue.cancel([second])
    assert bus.bodies() == ["two"]


def test_a_second_message_of_an_id_is_dropped_within_the_window(bus: Bus) -> None:
    assert bus.queue.send([raw("one", message_id="a"), raw("again", message_id="a"), raw("two")]) == [1, 2]
    bus.queue.complete(bus.take().token)
    assert bus.queue.send([raw("again", message_id="a")]) == []
    bus.clock.forward(600)
    assert bus.queue.send([raw("again", message_id="a")]) == [3]


def test_without_detection_a_message_may_come_twice(bus: Bus) -> None:
    bus.queue.rules = QueueRules()
    assert len(bus.queue.send([raw("one", message_id="a"), raw("one", message_id="a")])) == 2


def test_a_message_received_and_deleted_is_gone(bus: Bus) -> None:
    bus.queue.send([raw("one")])
    assert bus.queue.receive(lock=False) is not None
    assert bus.bodies() == []


def test_a_peek_shows_messages_in_every_state_and_takes_none(bus: Bus) -> None:
    bus.queue.send([raw("a"), raw("b"), raw("c", due=bus.clock.now + 9)])
    bus.queue.defer(bus.take().token)
    bus.take()
    states = [Message.parse(message).annotations["x-opt-message-state"] for message in bus.queue.peek(0, 9)]
    assert (bus.bodies(), states) == (["a", "b", "c"], [1, 0, 2])
    assert [body(message) for message in bus.queue.peek(2, 1)] == ["b"]


def test_messages_are_taken_all_or_none(bus: Bus) -> None:
    with pytest.raises(BusError, match=r"size:\d+ bytes\) exceeds the limit \(1000 bytes\)"):
        bus.queue.send([raw("small"), raw("x" * 1001)])
    with pytest.raises(DecodeError):
        bus.queue.send([raw("small"), b"no message"])
    assert bus.bodies() == []


def test_a_full_queue_takes_no_more_and_counts_its_dead_letters(bus: Bus) -> None:
    bus.queue.send([raw("x" * 980)] * 5)
    bus.queue.dead_letter(bus.take().token, None, None)
    bus.queue.send([raw("x" * 980)] * 5)
    with pytest.raises(BusError, match="The maximum entity size has been reached or exceeded for Queue: 'q'"):
        bus.queue.send([raw("x" * 980)])


def test_counts_tell_states_apart_and_hold_what_is_being_worked_on(bus: Bus) -> None:
    bus.queue.send([raw("a"), raw("b"), raw("c"), raw("d"), raw("e", due=bus.clock.now + 9)])
    bus.queue.defer(bus.take().token)
    bus.queue.dead_letter(bus.take().token, None, None)
    bus.take()
    counts = bus.queue.counts()
    assert (counts.active, counts.deferred, counts.dead_letters, counts.scheduled) == (2, 1, 1, 1)


def test_the_next_change_is_the_end_of_a_lock_an_expiry_or_a_due_message(bus: Bus) -> None:
    now = bus.clock.now
    assert bus.queue.next_change() is None
    bus.queue.send([raw("one")])
    assert bus.queue.next_change() == now + 1000
    bus.queue.send([raw("later", due=now + 500)])
    assert bus.queue.next_change() == now + 500
    bus.take()
    assert bus.queue.next_change() == now + 60


def _work(bus: Bus) -> int:
    """The steps of the database's machine, in hundreds, that one message takes to be received and completed."""
    steps: list[None] = []
    bus.database.set_progress_handler(lambda: steps.append(None), 100)
    bus.queue.complete(bus.take().token)
    bus.queue.next_change()
    bus.database.set_progress_handler(None, 0)
    return len(steps)


def test_a_long_backlog_does_not_slow_a_receiver(bus: Bus) -> None:
    bus.queue.rules = QueueRules(ttl_seconds=1000)
    bus.queue.send([raw("x")] * 20)
    alone = _work(bus)
    bus.queue.send([raw("x")] * 3000)
    assert _work(bus) <= alone + 10


def test_everything_outlives_the_process(bus: Bus, tmp_path: Path) -> None:
    bus.queue.send([raw("one", message_id="a"), raw("two")])
    token = bus.take().token
    again = Bus(tmp_path / "bus.db")
    with closing(again.database):
        again.clock = bus.clock
        assert again.queue.send([raw("one", message_id="a")]) == []
        assert body(again.take().raw) == "two"
        again.queue.complete(token)
        assert again.bodies() == ["two"]


def test_a_cleared_queue_has_forgotten_everything(bus: Bus) -> None:
    bus.queue.send([raw("one", message_id="a"), raw("two")])
    bus.queue.dead_letter(bus.take().token, None, None)
    bus.queue.clear()
    assert (bus.bodies(), bus.bodies(bus.dead)) == ([], [])
    assert bus.queue.send([raw("one", message_id="a")]) == [1]
