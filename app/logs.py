"""Logs as JSON lines on standard output, written without ever waiting for whoever reads them."""

import json
import logging
import os
import select
import sys
from collections import deque
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from app.telemetry.counters import TELEMETRY_DROPPED
from app.telemetry.failures import told
from app.telemetry.log_event import ORDINARY, Event

KEPT_MAX: Final = 256 * 1024
"""Bytes of lines that wait for their reader; further lines are dropped and counted."""

_WHOLE: Final = 4096
"""Bytes that a pipe which is ready takes without waiting (PIPE_BUF, pipe(7))."""
_STANDARD: Final = frozenset(ORDINARY) | {"message", "asctime", "taskName", "color_message"}
_QUIET: Final = ("azure", "alembic", "mcp", "uvicorn.access")
_ASYNCIO: Final = "asyncio"
_LOST: Final = "a line cannot be made of what was to be said"

_encoder: Final = msgspec.json.Encoder(enc_hook=str)


class JsonLines(logging.Formatter):
    """One JSON object per record: when, how bad, who, what, and the fields given as `extra`.

    Args:
        fields: Added to every line: what names the process.
    """

    def __init__(self, **fields: str) -> None:
        super().__init__()
        self._fields = {name: value for name, value in fields.items() if value}
        self._second = (-1, "")

    def format(self, record: logging.LogRecord) -> str:
        """Render a record; no value can forge a line, and no exception says more than `told`."""
        return self.line(record).decode("ascii")

    def line(self, record: logging.LogRecord) -> bytes:
        """Render a record in ASCII."""
        line: dict[str, Any] = {
            "time": self._time(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            **self._fields,
        }
        line |= record.fields if isinstance(record, Event) else _extra(record)
        if record.exc_info and record.exc_info[1]:
            line["exception"] = told(record.exc_info[1])
        return _ascii(line)

    def _time(self, created: float) -> str:
        """Return the time in ISO 8601; that of the last second is kept, because it is most of the price."""
        second, text = self._second
        if second != int(created):
            second, text = int(created), datetime.fromtimestamp(int(created), UTC).isoformat().removesuffix("+00:00")
            self._second = second, text
        return f"{text}.{int((created - second) * 1_000_000):06d}+00:00"


class LineWriter(logging.Handler):
    """Writes lines to a descriptor. When its reader does not keep up, lines wait, and then are dropped.

    A pipe that nobody reads would otherwise stop the event loop, and every request with it.

    Args:
        descriptor: Where lines go.
        formatter: What makes them.
    """

    def __init__(self, descriptor: int, formatter: JsonLines) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._lines = formatter
        self._descriptor = descriptor
        self._ready = select.poll()
        self._ready.register(descriptor, select.POLLOUT)
        self._kept: deque[bytes] = deque()
        self._size = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, or keep it, or drop it."""
        try:
            line = self._lines.line(record)
        except Exception as error:  # noqa: BLE001 - whoever logs must not fail; what was to be said may be private
            line = _ascii({"level": "error", "logger": record.name, "message": _LOST, "exception": told(error)})
        line += b"\n"
        if self._size + len(line) > KEPT_MAX:
            TELEMETRY_DROPPED.add("line")
        else:
            self._kept.append(line)
            self._size += len(line)
        self.flush()

    def flush(self) -> None:
        """Write what waits, as far as the reader takes it now."""
        while self._kept and self._ready.poll(0):
            line = self._kept.popleft()
            try:
                written = os.write(self._descriptor, line[:_WHOLE])
            except OSError:  # the reader is gone
                TELEMETRY_DROPPED.add("line")
                written = len(line)
            self._size -= written
            if written < len(line):
                self._kept.appendleft(line[written:])


def configure_logs(level: str, **fields: str) -> None:
    """Send every record of at least this level to standard output, each with these fields."""
    # What no line holds need not be found out: the caller's frame costs as much as the rest of a record.
    logging._srcfile = None  # type: ignore[attr-defined] # noqa: SLF001 - documented: docs.python.org, "Optimization"
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = LineWriter(sys.stdout.fileno(), JsonLines(**fields))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _QUIET:  # they report each of their own steps
        logging.getLogger(name).setLevel(logging.WARNING)


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _message(record: logging.LogRecord) -> str:
    message = record.getMessage()
    # asyncio adds a representation of the task, and with it the message of its exception.
    return message.partition("\n")[0] if record.name == _ASYNCIO else message


def _ascii(line: dict[str, Any]) -> bytes:
    """Encode in ASCII: JSON leaves separators such as U+2028 as they are, and readers take them for line breaks."""
    try:
        encoded = _encoder.encode(line)
    except (UnicodeEncodeError, TypeError, ValueError):  # half a character, a key that is no text
        return json.dumps(line, default=str, skipkeys=True).encode()
    return encoded if encoded.isascii() else json.dumps(msgspec.json.decode(encoded)).encode()
