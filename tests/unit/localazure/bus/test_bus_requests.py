"""Requests to a queue's management node that the official client does not make."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from localazure.bus.codec import Array, Described, Long, Symbol, encode
from localazure.bus.database import open_database
from localazure.bus.management import answer
from localazure.bus.message import Message, batch, value
from localazure.bus.queue import Queue
from localazure.bus.rules import QueueRules
from tests.unit.localazure.bus.bus_parts import Clock, body, raw


@pytest.fixture
def queue(tmp_path: Path) -> Generator[Queue]:
    with closing(open_database(tmp_path / "bus.db")) as database:
        yield Queue(database, "q", QueueRules(), Clock())


def _ask(queue: Queue, operation: str, content: Any) -> Message:
    properties = {"operation": f"com.microsoft:{operation}"}
    request = Message(properties=["id"], application_properties=properties, body=encode(Described(0x77, content)))
    return Message.parse(answer(queue, request, lambda _: None))


def test_an_operation_that_is_not_imitated_is_refused_by_name(queue: Queue) -> None:
    said = _ask(queue, "get-session-state", {}).application_properties
    assert said["statusCode"] == 501
    assert said["errorCondition"] == Symbol("amqp:not-implemented")
    assert "'get-session-state' is not imitated; imitated are: cancel-scheduled-message" in said["statusDescription"]


def test_an_unknown_settlement_is_refused(queue: Queue) -> None:
    said = _ask(queue, "update-disposition", {"disposition-status": "lost", "lock-tokens": Array()})
    assert said.application_properties["statusDescription"].startswith("'lost' is none of abandoned, completed")


def test_a_peek_into_an_empty_queue_has_no_content(queue: Queue) -> None:
    said = _ask(queue, "peek-message", {"from-sequence-number": Long(1), "message-count": Long(5)})
    assert said.application_properties["statusCode"] == 204


def test_an_answer_names_the_request_it_belongs_to(queue: Queue) -> None:
    said = _ask(queue, "schedule-message", {"messages": [{"message": raw("a")}]})
    assert said.properties[5] == "id"
    assert value(said) == {"sequence-numbers": [1]}


def test_a_batch_is_taken_apart_and_its_envelope_forgotten() -> None:
    envelope = Message(properties=["m"], body=encode(Described(0x75, raw("a"))) + encode(Described(0x75, raw("b"))))
    assert [body(message) for message in batch(envelope.encode())] == ["a", "b"]


def test_what_the_sender_said_is_handed_on_and_what_was_for_the_broker_is_not() -> None:
    sent = Message(
        annotations={Symbol("x-opt-partition-key"): "p"},
        application_properties={"n": Long(5)},
        properties=["m"],
        body=encode(Described(0x75, b"body")),
    )
    hop = encode(Described(0x71, {Symbol("for"): "the broker"}))
    parsed = Message.parse(hop + sent.encode())
    assert parsed == sent
    assert type(parsed.application_properties["n"]) is Long


def test_an_answer_holds_no_more_than_a_megabyte_but_at_least_one_message(queue: Queue) -> None:
    queue.send([raw("x" * 200_000)] * 8)
    said = _ask(queue, "peek-message", {"from-sequence-number": Long(1), "message-count": Long(100)})
    assert len(value(said)["messages"]) == 5
