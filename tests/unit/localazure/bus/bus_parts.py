"""Messages and a clock for the tests of the broker."""

from localazure.bus.codec import Described, Symbol, Timestamp, UInt, encode
from localazure.bus.message import Message


class Clock:
    """Time that stands still until it is told to pass."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += seconds


def raw(body: str, *, message_id: str | None = None, ttl: float | None = None, due: float | None = None) -> bytes:
    """A message as a client sends it; times in seconds."""
    message = Message(
        header=[None, None, UInt(int(ttl * 1000))] if ttl else [],
        annotations={Symbol("x-opt-scheduled-enqueue-time"): Timestamp(int(due * 1000))} if due else {},
        properties=[message_id] if message_id else [],
        body=encode(Described(0x75, body.encode())),
    )
    return message.encode()


def body(message: bytes) -> str:
    """The text in a message made by `raw`."""
    return Message.parse(message).body[8:].decode()
