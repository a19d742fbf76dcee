"""What the official client does not do: silence, heartbeats, garbage, refusals by the book."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from azure.servicebus import ServiceBusMessage

from localazure.bus import frames
from localazure.bus.codec import Symbol, UInt, UShort
from localazure.bus.frames import AMQP_HEADER, SASL_HEADER, Attach, Begin, Close, Detach, Frame, Open, SaslInit
from localazure.bus.rules import QueueRules
from localazure.errors import StateError
from tests.integration.bus.bus_harness import QUEUE, Bus, bodies, started

LARGEST = 1024 * 1024
_Kind = TypeVar("_Kind", bound=Frame)


class Raw:
    """A client that says what it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def say(self, *frames_: Frame, channel: int = 0) -> None:
        self.writer.write(b"".join(frames.write(frame, channel) for frame in frames_))

    async def hear(self) -> Frame | None:
        async with asyncio.timeout(60):
            _, frame, _ = await frames.read(self.reader, LARGEST)
        return frame

    async def until(self, kind: type[_Kind]) -> _Kind:
        while True:
            frame = await self.hear()
            if isinstance(frame, kind):
                return frame

    async def log_in(self, *, idle: int | None = None, header: bytes = AMQP_HEADER) -> None:
        self.writer.write(SASL_HEADER)
        assert await self.reader.readexactly(8) == SASL_HEADER
        self.say(SaslInit(mechanism=Symbol("ANONYMOUS")))
        await self.hear()
        await self.hear()
        self.writer.write(header)
        assert await self.reader.readexactly(8) == AMQP_HEADER
        self.say(Open(container_id="raw", idle_time_out=UInt(idle) if idle else None))


@asynccontextmanager
async def raw(bus: Bus) -> AsyncGenerator[Raw]:
    context = ssl.create_default_context(cafile=bus.authority.bundle)
    reader, writer = await asyncio.open_connection("127.0.0.1", bus.port, ssl=context)
    try:
        yield Raw(reader, writer)
    finally:
        writer.transport.abort()


def begin() -> Begin:
    return Begin(next_outgoing_id=UInt(0), incoming_window=UInt(100), outgoing_window=UInt(100))


async def test_a_silent_client_is_turned_away_with_a_reason(bus_keys: Path, tmp_path: Path) -> None:
    async with started(bus_keys, tmp_path / "bus.db", idle_seconds=0.3) as bus, raw(bus) as client:
        await client.log_in()
        assert (await client.until(Open)).idle_time_out == 300
        error = (await client.until(Close)).error
        assert error is not None
        assert error.value[0] == "amqp:connection:forced"
        assert "inactive for more than the allowed 300 milliseconds" in error.value[1]


async def test_a_client_that_asks_for_heartbeats_hears_them(bus: Bus) -> None:
    async with raw(bus) as client:
        await client.log_in(idle=100)
        await client.until(Open)
        assert [await client.hear(), await client.hear()] == [None, None]


async def test_a_client_without_login_may_open_and_is_nobody(bus: Bus) -> None:
    async with raw(bus) as client:
        client.writer.write(AMQP_HEADER)
        assert await client.reader.readexactly(8) == AMQP_HEADER
        client.say(Open(container_id="raw"))
        client.say(begin(), channel=3)
        source = frames.source(QUEUE)
        client.say(Attach(name="link", handle=UInt(7), role=True, source=source, target=frames.target("me")), channel=3)
        assert (await client.until(Begin)).remote_channel == UShort(3)
        attach = await client.until(Attach)
        assert (attach.name, attach.handle, attach.source) == ("link", 7, None)
        detach = await client.until(Detach)
        assert detach.closed
        assert detach.error is not None
        assert detach.error.value[0] == "amqp:unauthorized-access"


@pytest.mark.parametrize(
    ("said", "condition"),
    [
        (b"\xff\xff\xff\xff\x02\x00\x00\x00", "amqp:decode-error"),
        (b"\x00\x00\x00\x0c\x02\x00\x00\x00abcd", "amqp:decode-error"),
        (frames.write(Detach(handle=UInt(1)), 9), "amqp:not-allowed"),
        (frames.write(begin(), 999), "amqp:connection:framing-error"),
    ],
    ids=["size", "garbage", "session", "channel"],
)
async def test_what_is_no_amqp_ends_its_own_connection_only(bus: Bus, said: bytes, condition: str) -> None:
    async with raw(bus) as client:
        await client.log_in()
        client.writer.write(said)
        error = (await client.until(Close)).error
        assert error is not None
        assert error.value[0] == condition
    await (await bus.sender()).send_messages(ServiceBusMessage("a"))
    assert await bodies(await bus.receiver()) == ["a"]


async def test_another_protocol_is_answered_with_amqp_and_ended(bus: Bus) -> None:
    async with raw(bus) as client:
        client.writer.write(b"GET / HT")
        async with asyncio.timeout(60):
            assert await client.reader.read() == AMQP_HEADER


async def test_a_taken_port_is_named(bus: Bus) -> None:
    context = bus.authority.server_context()
    with pytest.raises(StateError, match=f"cannot listen on 127.0.0.1:{bus.port}"):
        await bus.broker.start(context, bus.port)


async def test_a_queue_is_found_whatever_the_case_of_its_name(bus: Bus) -> None:
    bus.broker.declare("Mixed", QueueRules())
    await (await bus.sender(queue="mIXED")).send_messages(ServiceBusMessage("a"))
    assert bus.broker.counts("MIXED").active == 1
