"""What a queue does with messages; it knows no network and asks the time of whoever made it.

Rules: Microsoft Learn, "Message transfers, locks, and settlement", "Message expiration", "Overview of Service Bus
dead-letter queues", "Duplicate detection", "Message sequencing and timestamps", "Message deferral". Nothing happens by
itself: what time has changed is done at the next call.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from localazure.bus import errors
from localazure.bus.database import forget, next_change
from localazure.bus.message import Message
from localazure.bus.rules import DEAD_LETTERS, Counts, QueueRules, State

_CONSUMED = "Message could not be consumed after {} delivery attempts."
_DROP = "DELETE FROM message WHERE queue = :queue AND number = :number"
_UNLOCK = "UPDATE message SET token = NULL WHERE queue = :queue AND token IS NOT NULL AND locked_until <= :now"
_EXPIRED = "The message expired and was dead lettered."


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A message on its way to a receiver; the token is that of its lock."""

    raw: bytes
    token: UUID


class Queue:
    """One queue, or the dead letters of one.

    Args:
        database: Where the messages are.
        name: Its name, in lower case.
        rules: Its properties; may be replaced at any time.
        clock: Seconds since 1970.
    """

    def __init__(self, database: sqlite3.Connection, name: str, rules: QueueRules, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._dead = name if name.endswith(DEAD_LETTERS) else name + DEAD_LETTERS
        self.name = name
        self.rules = rules

    def send(self, raws: Iterable[bytes]) -> list[int]:
        """Take messages in, all or none, and give their sequence numbers; a duplicate is taken and dropped.

        Raises:
            BusError: One is too large, or the queue is full.
            DecodeError: One is no message.
        """
        messages = [(raw, Message.parse(raw)) for raw in raws]
        now = self._clock()
        with self._database:
            self._check_room([raw for raw, _ in messages])
            return [self._add(*each, now) for each in messages if not self._is_duplicate(each[1], now)]

    def _check_room(self, raws: Sequence[bytes]) -> None:
        if largest := max((len(raw) for raw in raws if len(raw) > self.rules.max_message_bytes), default=0):
            raise errors.too_large(largest, self.rules.max_message_bytes)
        size = self.counts().size_bytes
        if size + sum(map(len, raws)) > self.rules.max_bytes:
            raise errors.full(self.name, size, self.rules.max_bytes)

    def _is_duplicate(self, message: Message, now: float) -> bool:
        window = self.rules.duplicate_window_seconds
        if window is None or message.id is None:
            return False
        self._do("DELETE FROM seen WHERE queue = :queue AND until <= :now", now=now)
        add = "INSERT OR IGNORE INTO seen VALUES (:queue, :id, :until)"
        return self._do(add, id=message.id, until=now + window).rowcount == 0

    def _add(self, raw: bytes, message: Message, now: float) -> int:
        self._do("INSERT INTO sequence VALUES (:queue, 1) ON CONFLICT (queue) DO UPDATE SET last = last + 1")
        number = int(self._do("SELECT last FROM sequence WHERE queue = :queue").fetchone()[0])
        due = message.scheduled_for or 0
        state, enqueued = (State.SCHEDULED, due) if due > now else (State.ACTIVE, now)
        ttl = min((t for t in (message.ttl_seconds, self.rules.ttl_seconds) if t is not None), default=None)
        self._do(
            "INSERT INTO message VALUES (:queue, :number, :state, :enqueued, :expires, 0, NULL, NULL, :size, :raw)",
            number=number,
            state=state,
            enqueued=enqueued,
            expires=None if ttl is None else enqueued + ttl,
            size=len(raw),
            raw=raw,
        )
        return number

    def receive(self, *, lock: bool) -> Delivery | None:
        """Give the next message, locked or else gone from the queue; None when there is none."""
        next_one = "state = 0 AND token IS NULL ORDER BY number LIMIT 1"
        self.advance()
        with self._database:
            found = self._select(next_one)
            return self._hand_out(found[0], lock=lock) if found else None

    def receive_deferred(self, numbers: Iterable[int], *, lock: bool) -> list[Delivery]:
        """Give deferred messages by their sequence numbers. Raises BusError when one is not there."""
        deliveries: list[Delivery] = []
        self.advance()
        with self._database:
            for number in numbers:
                found = self._select("state = 1 AND token IS NULL AND number = :number", number=number)
                if not found:
                    raise errors.no_message(number)
                deliveries.append(self._hand_out(found[0], lock=lock))
        return deliveries

    def _hand_out(self, row: tuple[Any, ...], *, lock: bool) -> Delivery:
        number, token, until = row[0], uuid4(), self._clock() + self.rules.lock_seconds
        if lock:
            change = "SET attempts = attempts + 1, token = :token, locked_until = :until WHERE queue = :queue"
            self._do(f"UPDATE message {change} AND number = :number", number=number, token=str(token), until=until)
        else:
            self._do(_DROP, number=number)
        return Delivery(raw=_stamped(row, until if lock else None), token=token)

    def peek(self, first: int, count: int) -> Iterator[bytes]:
        """Give up to `count` messages from a sequence number on, in any state, and change nothing."""
        self.advance()
        found = self._select("number >= :first ORDER BY number LIMIT :count", first=first, count=count)
        return (_stamped(row, None) for row in found)

    def renew(self, token: UUID) -> float:
        """Begin the time of a lock anew, and give its end. Raises BusError when the lock is lost."""
        until = self._clock() + self.rules.lock_seconds
        self._settle(token, "UPDATE message SET locked_until = :until", until=until)
        return until

    def complete(self, token: UUID) -> None:
        """Drop a locked message. Raises BusError when the lock is lost; so do all that settle."""
        self._settle(token, "DELETE FROM message")

    def abandon(self, token: UUID) -> None:
        """Unlock a message that could not be processed; at its last attempt it becomes a dead letter."""
        self._settle(token, "UPDATE message SET token = NULL")

    def release(self, token: UUID) -> None:
        """Unlock a message that nobody has looked at: the delivery does not count."""
        self._settle(token, "UPDATE message SET token = NULL, attempts = attempts - 1")

    def defer(self, token: UUID) -> None:
        """Set a message aside; it is received by its sequence number only."""
        self._settle(token, "UPDATE message SET token = NULL, state = 1")

    def dead_letter(self, token: UUID, reason: str | None, description: str | None) -> None:
        """Move a message to the dead letters, with a reason and what happened."""
        self.advance()
        with self._database:
            found = self._select("token = :token", token=str(token))
            if not found:
                raise errors.lock_lost()
            self._bury(found[0], reason, description)

    def cancel(self, numbers: Iterable[int]) -> None:
        """Drop scheduled messages. Raises BusError when one is not there; then none is dropped."""
        self.advance()
        with self._database:
            for number in numbers:
                drop = "DELETE FROM message WHERE queue = :queue AND state = 2 AND number = :number"
                if not self._do(drop, number=number).rowcount:
                    raise errors.no_message(number)

    def clear(self) -> None:
        """Forget everything: the queue is deleted, and its dead letters with it."""
        forget(self._database, self.name, self._dead)

    def counts(self) -> Counts:
        """Count the messages."""
        rows = self._do(
            "SELECT queue = :queue, state, count(*), sum(size) FROM message "
            "WHERE queue IN (:queue, :dead) GROUP BY 1, 2",
            dead=self._dead,
        ).fetchall()
        own = {state: count for is_own, state, count, _ in rows if is_own}
        return Counts(
            active=own.get(State.ACTIVE, 0),
            dead_letters=sum(count for is_own, _, count, _ in rows if not is_own),
            scheduled=own.get(State.SCHEDULED, 0),
            deferred=own.get(State.DEFERRED, 0),
            size_bytes=sum(size for _, _, _, size in rows),
        )

    def next_change(self) -> float | None:
        """When time alone changes something: a lock ends, a message expires or is due."""
        return next_change(self._database, self.name)

    def _settle(self, token: UUID, change: str, **values: Any) -> None:
        self.advance()
        with self._database:
            done = self._do(f"{change} WHERE queue = :queue AND token = :token", token=str(token), **values)
            if not done.rowcount:
                raise errors.lock_lost()
            self._bury_worn_out()

    def advance(self) -> None:
        """Do what time has changed."""
        now = self._clock()
        with self._database:
            self._do("UPDATE message SET state = 0 WHERE queue = :queue AND state = 2 AND enqueued <= :now", now=now)
            self._do(_UNLOCK, now=now)
            self._bury_worn_out()
            for row in self._select("token IS NULL AND state != 2 AND expires <= :now", now=now):
                if self.rules.dead_letter_on_expiry:
                    self._bury(row, "TTLExpiredException", _EXPIRED)
                else:
                    self._do(_DROP, number=row[0])

    def _bury_worn_out(self) -> None:
        limit = self.rules.max_delivery_count
        if self._dead != self.name:
            for row in self._select("token IS NULL AND state = 0 AND attempts >= :limit", limit=limit):
                self._bury(row, "MaxDeliveryCountExceeded", _CONSUMED.format(limit))

    def _bury(self, row: tuple[Any, ...], reason: str | None, description: str | None) -> None:
        message = Message.parse(row[4])
        given = {"DeadLetterReason": reason, "DeadLetterErrorDescription": description}
        message.application_properties |= {key: text for key, text in given.items() if text}
        buried = message.encode()
        self._do(
            "UPDATE message SET queue = :dead, state = 0, token = NULL, expires = NULL, size = :size, raw = :raw "
            "WHERE queue = :queue AND number = :number",
            dead=self._dead,
            number=row[0],
            size=len(buried),
            raw=buried,
        )

    def _select(self, condition: str, **values: Any) -> list[tuple[Any, ...]]:
        columns = "SELECT number, state, enqueued, attempts, raw FROM message WHERE queue = :queue AND "
        return self._do(columns + condition, **values).fetchall()

    def _do(self, statement: str, **values: Any) -> sqlite3.Cursor:
        return self._database.execute(statement, {"queue": self.name, **values})


def _stamped(row: tuple[Any, ...], until: float | None) -> bytes:
    number, state, enqueued, attempts, raw = row
    return Message.parse(raw).stamp(
        sequence_number=number, enqueued=enqueued, attempts=attempts, state=state, until=until
    )
