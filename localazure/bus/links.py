"""The broker's ends of links: an inlet takes messages from a client, an outlet gives it some."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol
from uuid import UUID, uuid4

from localazure.bus import errors, frames
from localazure.bus.codec import DecodeError, Described, UByte, UInt, ULong
from localazure.bus.errors import BusError
from localazure.bus.frames import Attach, Disposition, Flow, Frame, Transfer
from localazure.bus.queue import Delivery, Queue

Take = Callable[[int, bytes], None]
"""Takes a message in, by its format. Raises BusError or DecodeError when it does not."""

_CREDIT: Final = 1000
_ID: Final = 0xFFFFFFFF
_MOST_ANSWERS: Final = 1000
_SETTLED: Final = 1


class Lane(Protocol):
    """A session (`localazure.bus.session`), as its links and the broker see it."""

    @property
    def ready(self) -> bool:
        """Whether there is room for another message on the way to the client."""
        ...

    @property
    def outlets(self) -> "Sequence[Outlet]":
        """The links on which the client receives."""
        ...

    def answer(self, attach: Attach) -> Attach:
        """The other side's half of an attachment."""
        ...

    def await_outcome(self, queue: Queue, token: UUID) -> None:
        """Expect that the client settles the delivery just sent."""
        ...

    def pump(self, queue: Queue) -> None:
        """Send what waits in a queue to whoever waits for it."""
        ...

    def send(self, frame: Frame) -> None:
        """Send a frame."""
        ...

    def send_flow(self, handle: int, delivery_count: int, credit: int, *, drain: bool = False) -> None:
        """Tell the client the state of a link."""
        ...

    def transfer(self, handle: int, raw: bytes, tag: bytes, *, settled: bool) -> None:
        """Send a message."""
        ...


class Inlet:
    """Takes messages from a client.

    Args:
        session: The link's session.
        attach: What the client asked for.
        take: Where messages go.
        limit: The largest message in bytes.
    """

    def __init__(self, session: Lane, attach: Attach, take: Take, limit: int) -> None:
        self._credit = 0
        self._first: Transfer | None = None
        self._handle = attach.handle
        self._limit = limit
        self._parts = bytearray()
        self._received = attach.initial_delivery_count or 0
        self._session = session
        self._take = take
        answer = session.answer(attach)
        answer.max_message_size = ULong(limit)
        session.send(answer)
        self._allow_more()

    def flow(self, frame: Flow) -> None:
        """Note what the client says of itself: nothing that an inlet needs."""

    def transfer(self, frame: Transfer, payload: bytes) -> None:
        """Take a part of a message. Raises BusError when the message is too large: the link ends."""
        first = self._first = self._first or frame
        self._parts += payload
        if len(self._parts) > self._limit:
            raise errors.too_large(len(self._parts), self._limit)
        if frame.more and not frame.aborted:
            return
        raw, self._parts, self._first = bytes(self._parts), bytearray(), None
        outcome = None if frame.aborted else self._outcome(first.message_format or 0, raw)
        if outcome and not (first.settled or frame.settled):
            number = first.delivery_id or UInt(0)
            self._session.send(Disposition(role=True, first=number, last=number, settled=True, state=outcome))
        self._received = self._received + 1 & _ID
        self._credit -= 1
        if self._credit <= _CREDIT // 2:
            self._allow_more()

    def _outcome(self, message_format: int, raw: bytes) -> Described:
        try:
            self._take(message_format, raw)
        except BusError as error:
            return Described(frames.REJECTED, [frames.error_of(error)])
        except DecodeError as error:
            return Described(frames.REJECTED, [frames.error_of(BusError("amqp:decode-error", str(error)))])
        return Described(frames.ACCEPTED, [])

    def _allow_more(self) -> None:
        self._credit = _CREDIT
        self._session.send_flow(self._handle, self._received, _CREDIT)


class Outlet:
    """Gives messages to a client.

    Args:
        session: The link's session.
        attach: What the client asked for.
        queue: Where messages come from; None for the answers of a node.
    """

    def __init__(self, session: Lane, attach: Attach, queue: Queue | None) -> None:
        self._answers: deque[bytes] = deque(maxlen=_MOST_ANSWERS)
        self._credit = 0
        self._handle = attach.handle
        self._sent = 0
        self._session = session
        self.locks = attach.snd_settle_mode != _SETTLED
        self.node = attach.address(attach.source)
        self.queue = queue
        self.reply_to = attach.address(attach.target)
        answer = session.answer(attach)
        answer.initial_delivery_count = UInt(0)
        answer.snd_settle_mode = UByte(0 if self.locks else _SETTLED)
        session.send(answer)

    @property
    def ready(self) -> bool:
        """Whether the client can take a message now."""
        return self._credit > 0 and self._session.ready

    def flow(self, frame: Flow) -> None:
        """Send what the client asks for; with `drain` it wants to hear when there is no more."""
        self._credit = ((frame.delivery_count or 0) + (frame.link_credit or 0) - self._sent) & _ID
        if self.queue:
            self._session.pump(self.queue)
        self._send_answers()
        if frame.drain:
            self._sent, self._credit = self._sent + self._credit & _ID, 0
        if frame.drain or frame.echo:
            self._session.send_flow(self._handle, self._sent, self._credit, drain=frame.drain)

    def deliver(self, delivery: Delivery) -> None:
        """Send a message of the queue; the lock's token is its tag."""
        self._send(delivery.raw, delivery.token.bytes_le, settled=not self.locks)
        if self.queue and self.locks:
            self._session.await_outcome(self.queue, delivery.token)

    def answer(self, raw: bytes) -> None:
        """Send the answer to a request."""
        self._answers.append(raw)
        self._send_answers()

    def _send_answers(self) -> None:
        while self._answers and self._credit > 0:
            self._send(self._answers.popleft(), uuid4().bytes, settled=True)

    def _send(self, raw: bytes, tag: bytes, *, settled: bool) -> None:
        self._credit -= 1
        self._sent = self._sent + 1 & _ID
        self._session.transfer(self._handle, raw, tag, settled=settled)
