"""A message: its sections, with the body as the bytes it came in."""

from dataclasses import dataclass, field
from typing import Any, Final, Self

from localazure.bus.codec import DecodeError, Described, Int, Long, Symbol, Timestamp, UInt, decode, encode

BATCH_FORMAT: Final = 0x80013700
"""The message format of a batch: every data section is a whole message (Microsoft's protocol guide)."""

_HEADER, _DELIVERY_ANNOTATIONS, _ANNOTATIONS, _PROPERTIES, _APPLICATION, _DATA, _VALUE = (
    0x70,
    0x71,
    0x72,
    0x73,
    0x74,
    0x75,
    0x77,
)
_TTL, _DELIVERY_COUNT, _HEADER_FIELDS = 2, 4, 5
_SCHEDULED: Final = "x-opt-scheduled-enqueue-time"


@dataclass(kw_only=True)
class Message:
    """Sections by their names in AMQP; annotations for the next hop alone are dropped.

    Args:
        header: Durable, priority, time to live, first acquirer, delivery count.
        annotations: What senders and the broker say of the message.
        properties: Message id first; the fifth is where to reply, the sixth what it replies to.
        application_properties: The application's own.
        body: Data, sequence or value sections and the footer, as they came.
    """

    header: list[Any] = field(default_factory=list[Any])
    annotations: dict[str, Any] = field(default_factory=dict[str, Any])
    properties: list[Any] = field(default_factory=list[Any])
    application_properties: dict[str, Any] = field(default_factory=dict[str, Any])
    body: bytes = b""

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read a message. Raises DecodeError when it is none."""
        message, buffer, at = cls(), memoryview(raw), 0
        while at < len(buffer):
            begin = at
            section, at = decode(buffer, at)
            if not isinstance(section, Described):
                raise DecodeError(f"no section of a message at byte {begin}")
            match section.descriptor:
                case 0x70:
                    message.header = list(section.value)
                case 0x71:
                    pass
                case 0x72:
                    message.annotations = dict(section.value or {})
                case 0x73:
                    message.properties = list(section.value)
                case 0x74:
                    message.application_properties = dict(section.value or {})
                case _:
                    message.body += raw[begin:at]
        return message

    def encode(self) -> bytes:
        """Write the message."""
        sections = (
            (_HEADER, self.header),
            (_ANNOTATIONS, self.annotations),
            (_PROPERTIES, self.properties),
            (_APPLICATION, self.application_properties),
        )
        return b"".join(encode(Described(code, content)) for code, content in sections if content) + self.body

    @property
    def id(self) -> str | None:
        """The message id, as text, or None."""
        return str(self.properties[0]) if self.properties and self.properties[0] is not None else None

    @property
    def ttl_seconds(self) -> float | None:
        """The sender's time to live, or None."""
        milliseconds = self.header[_TTL] if len(self.header) > _TTL else None
        return None if milliseconds is None else milliseconds / 1000

    @property
    def scheduled_for(self) -> float | None:
        """When the sender wants it to be enqueued, in seconds since 1970, or None."""
        milliseconds = self.annotations.get(_SCHEDULED)
        return None if milliseconds is None else milliseconds / 1000

    def stamp(self, *, sequence_number: int, enqueued: float, attempts: int, state: int, until: float | None) -> bytes:
        """Write the message as the broker hands it out.

        Args:
            sequence_number: Its number in the queue.
            enqueued: When it was enqueued, in seconds since 1970.
            attempts: Deliveries before this one.
            state: 0 active, 1 deferred, 2 scheduled.
            until: When its lock ends, in seconds since 1970, or None.
        """
        header = [*self.header, *([None] * _HEADER_FIELDS)][:_HEADER_FIELDS]
        header[_DELIVERY_COUNT] = UInt(attempts)
        annotations = {
            **self.annotations,
            Symbol("x-opt-sequence-number"): Long(sequence_number),
            Symbol("x-opt-enqueued-time"): Timestamp(int(enqueued * 1000)),
            Symbol("x-opt-message-state"): Int(state),
        }
        if until is not None:
            annotations[Symbol("x-opt-locked-until")] = Timestamp(int(until * 1000))
        sent = Message(
            header=header,
            annotations=annotations,
            properties=self.properties,
            application_properties=self.application_properties,
            body=self.body,
        )
        return sent.encode()


def batch(raw: bytes) -> list[bytes]:
    """Take the messages out of a batch. Raises DecodeError when it holds something else."""
    found: list[bytes] = []
    buffer, at = memoryview(raw), 0
    while at < len(buffer):
        section, at = decode(buffer, at)
        if isinstance(section, Described) and section.descriptor == _DATA:
            found.append(section.value)
    return found


def value(message: Message) -> Any:
    """The value of a message whose body is one, or None."""
    section = decode(memoryview(message.body))[0] if message.body else None
    return section.value if isinstance(section, Described) and section.descriptor == _VALUE else None


def with_value(content: Any, *, application_properties: dict[str, Any], correlation_id: Any) -> bytes:
    """Write a message whose body is one value: the answer to a request."""
    answer = Message(
        properties=[None, None, None, None, None, correlation_id],
        application_properties=application_properties,
        body=encode(Described(_VALUE, content)),
    )
    return answer.encode()
