"""Logs as JSON lines on standard output."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_QUIET: Final = ("azure", "alembic", "mcp", "uvicorn.access")


class JsonLines(logging.Formatter):
    """One JSON object per record: when, how bad, who, what, and the fields given as `extra`.

    Args:
        fields: Added to every line: what names the process.
    """

    def __init__(self, **fields: str) -> None:
        super().__init__()
        self._fields = {name: value for name, value in fields.items() if value}

    def format(self, record: logging.LogRecord) -> str:
        """Render a record; JSON escapes line breaks, so no value can forge a line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self._fields,
            **{name: value for name, value in vars(record).items() if name not in _STANDARD},
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure_logs(level: str, **fields: str) -> None:
    """Send every record of at least this level to standard output, each with these fields."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines(**fields))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _QUIET:  # they report each of their own steps
        logging.getLogger(name).setLevel(logging.WARNING)
