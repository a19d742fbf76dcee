"""The opening messages of PostgreSQL's wire protocol, as far as a gateway must understand them.

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

import struct
from dataclasses import dataclass
from typing import Final

SSL_REQUEST: Final = 80877103
GSSENC_REQUEST: Final = 80877104
CANCEL_REQUEST: Final = 80877102
STARTUP_VERSION: Final = 3
"""The major version in the upper half of a start-up message's code."""

HEADER: Final = struct.Struct("!ii")
"""Length in bytes, itself included, and code of an opening message."""

MESSAGE: Final = struct.Struct("!ci")
"""Type, and length in bytes without the type, of every later message."""

MAX_STARTUP_BYTES: Final = 10000
"""PostgreSQL's own limit (MAX_STARTUP_PACKET_LENGTH)."""

MAX_PASSWORD_BYTES: Final = 65535
"""PostgreSQL's own limit for a password or token (PG_MAX_AUTH_TOKEN_LENGTH)."""

ASK_CLEARTEXT_PASSWORD: Final = struct.pack("!cii", b"R", 8, 3)


class ProtocolViolationError(Exception):
    """The peer does not speak the protocol."""


@dataclass(frozen=True, kw_only=True)
class Startup:
    """Who wants in: the role, the database, and the message as it came, to be replayed."""

    database: str
    message: bytes
    role: str


def parse_startup(message: bytes) -> Startup:
    """Read a whole start-up message, header included.

    Raises:
        ProtocolViolationError: It is not a list of names and values, or names no role.

    """
    fields = message[HEADER.size :].split(b"\0")
    # name, value, ..., name, value, empty name, rest after the last zero byte
    if len(fields) % 2 or fields[-2:] != [b"", b""]:
        raise ProtocolViolationError("invalid startup packet layout: expected terminator as last byte")
    try:
        text = [field.decode() for field in fields[:-2]]
    except UnicodeDecodeError as error:
        raise ProtocolViolationError("invalid startup packet: expected UTF-8") from error
    given = dict(zip(text[::2], text[1::2], strict=True))
    role = given.get("user", "")
    if not role:
        raise ProtocolViolationError("no PostgreSQL user name specified in startup packet")
    return Startup(database=given.get("database") or role, message=message, role=role)


def fatal(sqlstate: str, text: str) -> bytes:
    """Make the ErrorResponse with which a server ends a session."""
    fields = {"S": "FATAL", "V": "FATAL", "C": sqlstate, "M": text}
    body = b"".join(f"{key}{value}\0".encode() for key, value in fields.items()) + b"\0"
    return MESSAGE.pack(b"E", len(body) + 4) + body
