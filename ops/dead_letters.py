"""`make dead-letters` and `make replay`: messages that no worker could do, listed and put back into the queue.

A dead letter that is put back is a new message to Service Bus: duplicate detection would drop one that has the id of a
message that was sent within its window, so it gets an id of its own. What it repeats stands in the property `replay-of`
(`app/contract.py`), and by that the inbox of the workers knows it: what was done before, or is put back twice because
this command was interrupted between sending and settling, has its effect once. It goes on in the trace of the request
that ordered it.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import partial
from typing import Final
from uuid import uuid4

from azure.core.exceptions import AzureError
from azure.servicebus import (
    ServiceBusClient,
    ServiceBusMessage,
    ServiceBusReceivedMessage,
    ServiceBusReceiver,
    ServiceBusSender,
    ServiceBusSubQueue,
)
from azure.servicebus.amqp import AmqpMessageBodyType

from app.contract import OPERATIONS_QUEUE, REPLAY_OF, TRACE_PROPERTIES
from ops.queue_access import QueueAccess, queue_access
from ops.target import UsageError, report, run_command

ALL: Final = "all"
BATCH: Final = 100
MOST: Final = 10_000
"""Dead letters of one run; the next run goes on."""
RECEIVE_SECONDS: Final = 5.0
"""How long is waited for a dead letter that another receiver may hold."""


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """What is shown of a dead letter: never its body, which may be about a person."""

    message_id: str
    replay_of: str
    kind: str
    reference: str
    reason: str
    description: str
    enqueued: str
    deliveries: int
    has_data: bool
    """Whether its body is bytes, as all bodies of this service are (AMQP 1.0, section 3.2.6)."""

    @property
    def known_as(self) -> str:
        """The id that workers know it by."""
        return self.replay_of or self.message_id

    @staticmethod
    def of(message: ServiceBusReceivedMessage) -> "DeadLetter":
        """Read a message."""
        at = message.enqueued_time_utc
        return DeadLetter(
            message_id=message.message_id or "",
            replay_of=_property(message, REPLAY_OF),
            kind=message.subject or "",
            reference=_reference(message),
            reason=message.dead_letter_reason or "",
            description=message.dead_letter_error_description or "",
            enqueued=at.astimezone(UTC).isoformat(timespec="seconds") if at else "",
            deliveries=message.delivery_count or 0,
            has_data=_has_data(message),
        )

    def line(self) -> str:
        """Show it on one line."""
        about = f" {self.reference}" if self.reference else ""
        again = f" (again {self.replay_of})" if self.replay_of else ""
        said = f"{self.reason}: {' '.join(self.description.split())}"
        return f"{self.message_id}{again} {self.kind}{about} {self.enqueued} deliveries {self.deliveries} {said}"


def show(access: QueueAccess) -> int:
    """Print the dead letters and return the exit status."""
    with access.client() as client:
        print("\n".join(letter.line() for letter in _peek(client)) or "no dead letters")
    return 0


def put_back(access: QueueAccess, wanted: str) -> int:
    """Put dead letters back into the queue and return the exit status.

    Args:
        access: The queue.
        wanted: `all`, or the id of a message, also the one that it had before; empty only says which there are.

    Raises:
        UsageError: No dead letter has the id.
    """
    with access.client() as client:
        found = list(_peek(client))
        chosen = [letter for letter in found if wanted in ("", ALL, letter.message_id, letter.known_as)]
        if wanted not in ("", ALL) and not chosen:
            raise UsageError(f"REPLAY={wanted}: no such dead letter; `make dead-letters` lists them.")
        if not wanted:
            print("\n".join(map(_would, chosen)) or "no dead letters")
            report("nothing was changed; say REPLAY=all, or REPLAY=<message id>")
            return 0
        moved = _move_back(client, {letter.message_id for letter in chosen}, len(found))
    for old, new in moved:
        print(f"put back: {old} as {new}")
    for letter in chosen:
        if not letter.has_data:
            print(_left(letter))
    report(f"{len(moved)} of {len(chosen)} put back")
    return 0 if len(moved) == len(chosen) else 1


def _would(letter: DeadLetter) -> str:
    return f"would be put back: {letter.line()}" if letter.has_data else _left(letter)


def _left(letter: DeadLetter) -> str:
    return f"cannot be put back: {letter.line()}; its body is no AMQP data section, so this service did not send it"


def _peek(client: ServiceBusClient) -> Iterator[DeadLetter]:
    """Yield the dead letters, the oldest first, and leave them as they are."""
    with _open(client) as receiver:
        after, seen = 0, 0
        while seen < MOST and (some := receiver.peek_messages(BATCH, sequence_number=after + 1)):
            yield from map(DeadLetter.of, some)
            after, seen = some[-1].sequence_number or 0, seen + len(some)


def _move_back(client: ServiceBusClient, wanted: set[str], count: int) -> list[tuple[str, str]]:
    """Send the dead letters with these ids again and take them off; give each old id with its new one.

    One whose body cannot be sent as it is stays where it is.

    Args:
        client: The namespace.
        wanted: Ids of messages.
        count: How many dead letters there are: a receiver gets them in their order.
    """
    moved: list[tuple[str, str]] = []
    others: list[ServiceBusReceivedMessage] = []
    with _open(client) as receiver, client.get_queue_sender(OPERATIONS_QUEUE) as sender:
        while len(moved) + len(others) < count:
            some = receiver.receive_messages(min(BATCH, count), max_wait_time=RECEIVE_SECONDS)
            if not some:
                break
            for message in some:
                if message.message_id in wanted and _has_data(message):
                    moved.append((message.message_id or "", _send_again(message, receiver, sender)))
                else:
                    others.append(message)
        for message in others:
            receiver.abandon_message(message)
    return moved


def _open(client: ServiceBusClient) -> ServiceBusReceiver:
    return client.get_queue_receiver(OPERATIONS_QUEUE, sub_queue=ServiceBusSubQueue.DEAD_LETTER)


def _send_again(message: ServiceBusReceivedMessage, receiver: ServiceBusReceiver, sender: ServiceBusSender) -> str:
    """Send first and settle then: an interruption in between leaves two, which workers know for one."""
    new = str(uuid4())
    trace = {name: value for name in TRACE_PROPERTIES if (value := _property(message, name))}
    again = ServiceBusMessage(
        _body(message),
        application_properties={REPLAY_OF: _property(message, REPLAY_OF) or message.message_id or new, **trace},
        content_type=message.content_type,
        message_id=new,
        subject=message.subject,
    )
    sender.send_messages(again)
    receiver.complete_message(message)
    return new


def _has_data(message: ServiceBusReceivedMessage) -> bool:
    return message.body_type is AmqpMessageBodyType.DATA


def _body(message: ServiceBusReceivedMessage) -> bytes:
    return b"".join(message.body)


def _property(message: ServiceBusReceivedMessage, name: str) -> str:
    found = (message.application_properties or {}).get(name.encode())
    return found.decode() if isinstance(found, bytes) else ""


def _reference(message: ServiceBusReceivedMessage) -> str:
    """Return what the message is about, by kind and id."""
    if not _has_data(message):
        return ""
    try:
        body = json.loads(_body(message))
    except (RecursionError, ValueError):  # one message that nobody can read must not hide the others
        return ""
    names: Sequence[str] = ("erasure", "operation", "update")
    return " ".join(f"{name}={body[name]}" for name in names if isinstance(body, dict) and name in body)


def main(words: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the command that the words name and return the exit status; what Service Bus refuses is said in words."""
    access = queue_access(environ)
    try:
        return put_back(access, environ.get("REPLAY", "")) if "replay" in words else show(access)
    except AzureError as error:
        raise UsageError(
            f"Service Bus: {error}\ndocs/runbooks/queue.md names the role that an operator needs."
        ) from error


if __name__ == "__main__":
    sys.exit(run_command(partial(main, sys.argv[1:]), os.environ))
