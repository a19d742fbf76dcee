"""One client of the broker, from its first byte to its last."""

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import uuid4

from localazure.bus import frames
from localazure.bus.codec import Array, DecodeError, Symbol, UByte, UInt, UShort
from localazure.bus.errors import BusError
from localazure.bus.frames import Begin, Close, End, Frame, Open, SaslInit, SaslMechanisms, SaslOutcome
from localazure.bus.ports import Exchange
from localazure.bus.session import Session
from localazure.planes.pipe import Stream, close

if TYPE_CHECKING:
    from localazure.planes.tokens import Claims

_BUFFER_BYTES: Final = 1024 * 1024
_CHANNELS: Final = 255
_FRAME_BYTES: Final = 65536
_MECHANISMS: Final = ("MSSBCBS", "ANONYMOUS", "EXTERNAL")
_OPENING_SECONDS: Final = 30
_Kind = TypeVar("_Kind", bound=Frame)
_log = logging.getLogger(__name__)


class Connection:
    """A client. Nobody is known until a token is put to `$cbs`, whatever the login.

    Args:
        stream: The client, with TLS done.
        broker: What it talks to.
        idle_seconds: How long it may be silent.

    Attributes:
        claims: What the client's last token says, or None.
    """

    def __init__(self, stream: Stream, broker: Exchange, idle_seconds: float) -> None:
        self._broker = broker
        self._idle_seconds = idle_seconds
        self._reader, self._writer = stream
        self._relief: asyncio.Task[None] | None = None
        self._sessions: dict[int, Session] = {}
        self.claims: Claims | None = None
        self.largest_frame = _FRAME_BYTES

    async def run(self) -> None:
        """Serve the client until either side ends."""
        heart: asyncio.Task[None] | None = None
        try:
            async with asyncio.timeout(_OPENING_SECONDS):
                interval = await self._open()
            heart = asyncio.create_task(self._beat(interval)) if interval else None
            await self._serve()
        except TimeoutError:
            idle = int(self._idle_seconds * 1000)
            text = f"The connection was inactive for more than the allowed {idle} milliseconds and is closed."
            self._end(BusError("amqp:connection:forced", text))
        except BusError as error:
            self._end(error)
        except (DecodeError, TypeError) as error:
            self._end(BusError("amqp:decode-error", str(error)))
        except (EOFError, OSError) as error:
            _log.debug("Service Bus: a client went away: %r", error)
        finally:
            for task in (heart, self._relief):
                if task:
                    task.cancel()
            for session in self._sessions.values():
                session.close()
            await close(self._writer)

    async def _open(self) -> float | None:
        """Log the client in and open the connection; give the seconds between heartbeats that it asks for."""
        header = await self._reader.readexactly(len(frames.SASL_HEADER))
        if header == frames.SASL_HEADER:
            self.write(frames.SASL_HEADER)
            self.write(frames.write(SaslMechanisms(mechanisms=Array(map(Symbol, _MECHANISMS))), 0))
            await self._read(SaslInit)
            self.write(frames.write(SaslOutcome(outcome=UByte(0)), 0))
            header = await self._reader.readexactly(len(frames.AMQP_HEADER))
        self.write(frames.AMQP_HEADER)
        if header != frames.AMQP_HEADER:
            raise EOFError("the client speaks another protocol")
        asked = await self._read(Open)
        self.largest_frame = min(int(asked.max_frame_size), _FRAME_BYTES)
        self.write(
            frames.write(
                Open(
                    container_id=uuid4().hex,
                    max_frame_size=UInt(_FRAME_BYTES),
                    channel_max=UShort(_CHANNELS),
                    idle_time_out=UInt(int(self._idle_seconds * 1000)),
                ),
                0,
            )
        )
        return asked.idle_time_out / 2000 if asked.idle_time_out else None

    async def _read(self, kind: type[_Kind]) -> _Kind:
        _, frame, _ = await frames.read(self._reader, _FRAME_BYTES)
        if not isinstance(frame, kind):
            raise BusError("amqp:connection:framing-error", f"Expected {kind.__name__}.")
        return frame

    async def _serve(self) -> None:
        while True:
            async with asyncio.timeout(self._idle_seconds):
                channel, frame, payload = await frames.read(self._reader, _FRAME_BYTES)
                await self._writer.drain()
            match frame:
                case None:
                    continue
                case Close():
                    self.write(frames.write(Close(), 0))
                    return
                case Begin():
                    if channel > _CHANNELS:
                        raise BusError("amqp:connection:framing-error", f"The channel {channel} is above {_CHANNELS}.")
                    self._sessions[channel] = Session(self, self._broker, channel, frame)
                case _ if channel not in self._sessions:
                    raise BusError("amqp:not-allowed", f"There is no session on channel {channel}.")
                case End():
                    self._sessions.pop(channel).end()
                case _:
                    self._sessions[channel].receive(frame, payload)

    async def _beat(self, interval: float) -> None:
        while True:
            await asyncio.sleep(interval)
            self.write(frames.EMPTY)

    def _end(self, error: BusError) -> None:
        _log.debug("Service Bus: a client is turned away: %s", error)
        self.write(frames.write(Close(error=frames.error_of(error)), 0))

    def write(self, content: bytes) -> None:
        """Send bytes; a client that is gone does not get them."""
        if not self._writer.is_closing():
            self._writer.write(content)

    @property
    def is_congested(self) -> bool:
        """Whether the client reads slower than it is sent to; it gets more when it has caught up."""
        congested = self._writer.transport.get_write_buffer_size() > _BUFFER_BYTES
        if congested and self._relief is None:
            self._relief = asyncio.create_task(self._relieve())
        return congested

    async def _relieve(self) -> None:
        with contextlib.suppress(OSError):
            await self._writer.drain()
        self._relief = None
        for session in self._sessions.values():
            for queue in {link.queue for link in session.outlets if link.queue}:
                self._broker.pump(queue)
