"""A session of a connection: links, and how many frames may be under way."""

from collections import deque
from typing import Any, Final
from uuid import UUID

from localazure.bus import frames
from localazure.bus.codec import Described, UInt, UShort
from localazure.bus.errors import BusError
from localazure.bus.frames import Attach, Begin, Detach, Disposition, End, Flow, Frame, Transfer
from localazure.bus.links import Inlet, Outlet
from localazure.bus.ports import Exchange, Peer
from localazure.bus.queue import Queue

_ID: Final = 0xFFFFFFFF
_OVERHEAD_BYTES: Final = 128
"""More than a transfer frame has around its part of a message."""
_WINDOW: Final = 0x7FFFFFFF


class Session:
    """One session, on the same channel in both directions.

    Args:
        client: Whose it is.
        broker: What it talks to.
        channel: The number of the session.
        begin: What the client asked for.
    """

    def __init__(self, client: Peer, broker: Exchange, channel: int, begin: Begin) -> None:
        self._broker = broker
        self._channel = channel
        self._client = client
        self._held: deque[bytes] = deque()
        self._links: dict[int, Inlet | Outlet] = {}
        self._next_incoming_id = int(begin.next_outgoing_id)
        self._next_outgoing_id = 0
        self._delivery_id = -1
        self._unsettled: dict[int, tuple[Queue, UUID]] = {}
        self._window = int(begin.incoming_window)
        self.send(
            Begin(
                remote_channel=UShort(channel),
                next_outgoing_id=UInt(0),
                incoming_window=UInt(_WINDOW),
                outgoing_window=UInt(_WINDOW),
            )
        )

    @property
    def ready(self) -> bool:
        """Whether there is room for another message on the way to the client."""
        return not self._held and not self._client.is_congested

    @property
    def outlets(self) -> list[Outlet]:
        """The links on which the client receives."""
        return [link for link in self._links.values() if isinstance(link, Outlet)]

    def receive(self, frame: Frame, payload: bytes) -> None:
        """Take a frame of this session."""
        match frame:
            case Attach():
                self._attach(frame)
            case Flow():
                self._flow(frame)
            case Transfer():
                self._transfer(frame, payload)
            case Disposition():
                self._settle(frame)
            case Detach():
                if self._drop(frame.handle):
                    self.send(Detach(handle=frame.handle, closed=frame.closed))
            case _:
                raise BusError("amqp:not-allowed", f"A session does not take {type(frame).__name__}.")

    def close(self) -> None:
        """Drop every link; what clients have locked stays locked until the time is over."""
        for handle in list(self._links):
            self._drop(handle)

    def end(self) -> None:
        """End the session, as the client asks."""
        self.close()
        self.send(End())

    def _drop(self, handle: int) -> bool:
        link = self._links.pop(handle, None)
        if isinstance(link, Outlet):
            self._broker.unsubscribe(link)
        return link is not None

    def _attach(self, frame: Attach) -> None:
        self._drop(frame.handle)
        try:
            if frame.role:
                queue = self._broker.source(self._client, frame.address(frame.source) or "")
                link = self._links[frame.handle] = Outlet(self, frame, queue)
                self._broker.subscribe(link)
            else:
                take, limit = self._broker.target(self._client, self, frame.address(frame.target) or "")
                self._links[frame.handle] = Inlet(self, frame, take, limit)
        except BusError as error:
            # A refusal is an attachment to nothing and a detachment (section 2.6.3 of the transport part).
            self.send(Attach(name=frame.name, handle=frame.handle, role=not frame.role, initial_delivery_count=UInt(0)))
            self.send(Detach(handle=frame.handle, closed=True, error=frames.error_of(error)))

    def answer(self, attach: Attach) -> Attach:
        """The other side's half of an attachment."""
        return Attach(
            name=attach.name,
            handle=attach.handle,
            role=not attach.role,
            snd_settle_mode=attach.snd_settle_mode,
            rcv_settle_mode=attach.rcv_settle_mode,
            source=frames.source(attach.address(attach.source) or ""),
            target=frames.target(attach.address(attach.target) or ""),
        )

    def _flow(self, frame: Flow) -> None:
        self._window = (frame.next_incoming_id or 0) + frame.incoming_window - self._next_outgoing_id
        while self._held and self._window > 0:
            self._emit(self._held.popleft())
        if frame.handle is None:
            for queue in {link.queue for link in self.outlets if link.queue}:
                self.pump(queue)
        elif link := self._links.get(frame.handle):
            link.flow(frame)

    def _transfer(self, frame: Transfer, payload: bytes) -> None:
        self._next_incoming_id = self._next_incoming_id + 1 & _ID
        link = self._links.get(frame.handle)
        if not isinstance(link, Inlet):
            return  # sent before the client has heard that its link is refused
        try:
            link.transfer(frame, payload)
        except BusError as error:
            self._drop(frame.handle)
            self.send(Detach(handle=frame.handle, closed=True, error=frames.error_of(error)))

    def _settle(self, frame: Disposition) -> None:
        last = frame.first if frame.last is None else frame.last
        for number in [number for number in self._unsettled if frame.first <= number <= last]:
            if frame.state is None:
                continue
            queue, token = self._unsettled.pop(number)
            state = Described(frame.state.descriptor, [])
            try:
                _apply(queue, token, frame.state)
            except BusError as error:
                state = Described(frames.REJECTED, [frames.error_of(error)])
            if not frame.settled:
                known = UInt(number)
                self.send(Disposition(role=False, first=known, last=known, settled=True, state=state))
            self.pump(queue)

    def await_outcome(self, queue: Queue, token: UUID) -> None:
        """Expect that the client settles the delivery just sent."""
        self._unsettled[self._delivery_id] = (queue, token)

    def pump(self, queue: Queue) -> None:
        """Send what waits in a queue to whoever waits for it."""
        self._broker.pump(queue)

    def send(self, frame: Frame) -> None:
        """Send a frame of this session."""
        self._client.write(frames.write(frame, self._channel))

    def send_flow(self, handle: int, delivery_count: int, credit: int, *, drain: bool = False) -> None:
        """Tell the client the state of a link."""
        self.send(
            Flow(
                next_incoming_id=UInt(self._next_incoming_id),
                incoming_window=UInt(_WINDOW),
                next_outgoing_id=UInt(self._next_outgoing_id),
                outgoing_window=UInt(_WINDOW),
                handle=UInt(handle),
                delivery_count=UInt(delivery_count),
                link_credit=UInt(credit),
                drain=drain,
            )
        )

    def transfer(self, handle: int, raw: bytes, tag: bytes, *, settled: bool) -> None:
        """Send a message, in as many frames as it needs."""
        self._delivery_id = self._delivery_id + 1 & _ID
        size = self._client.largest_frame - _OVERHEAD_BYTES
        for at in range(0, len(raw), size):
            frame = Transfer(handle=UInt(handle), settled=settled, more=at + size < len(raw))
            if at == 0:
                frame.delivery_id, frame.delivery_tag = UInt(self._delivery_id), tag
                frame.message_format = UInt(0)
            self._emit(frames.write(frame, self._channel, raw[at : at + size]))

    def _emit(self, transfer: bytes) -> None:
        if self._window <= 0:
            self._held.append(transfer)
            return
        self._window -= 1
        self._next_outgoing_id = self._next_outgoing_id + 1 & _ID
        self._client.write(transfer)


def _apply(queue: Queue, token: UUID, state: Described) -> None:
    """Do to a message what the client says became of it (Microsoft's protocol guide, "Receiving messages")."""
    match state.descriptor:
        case frames.ACCEPTED:
            queue.complete(token)
        case frames.REJECTED:
            error: list[Any] = [*(state.value[0].value if state.value and state.value[0] else ()), None, None, None]
            info: dict[str, Any] = error[2] or {}
            queue.dead_letter(token, info.get("DeadLetterReason"), info.get("DeadLetterErrorDescription"))
        case frames.RELEASED:
            queue.release(token)
        case frames.MODIFIED if len(state.value) > 1 and state.value[1]:
            queue.defer(token)
        case frames.MODIFIED:
            queue.abandon(token)
        case _:
            raise BusError("amqp:not-implemented", "The outcome is none of accepted, rejected, released and modified.")
