"""A ZIP file as a stream: made piece by piece, and never whole in memory."""

import zipfile
from datetime import datetime
from typing import Any, Final, Self, cast

LEVEL: Final = 6
"""Of the compression."""


class _Sink:
    """Where `zipfile` writes to; it cannot go back, so sizes follow each file."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken


class Archive:
    """Files in a row. Each method returns the bytes of the archive that are final by then.

    Args:
        made_at: The time that every file bears.
    """

    def __init__(self, *, made_at: datetime) -> None:
        self._made_at = made_at.timetuple()[:6]
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(cast("Any", self._sink), "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL)
        self._file: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()
        self._zip.close()

    def begin(self, name: str) -> None:
        """Start the next file."""
        if self._file:
            self._file.close()
        entry = zipfile.ZipInfo(name, self._made_at)
        entry.compress_type = zipfile.ZIP_DEFLATED
        self._file = self._zip.open(entry, "w", force_zip64=True)

    def add(self, content: str) -> bytes:
        """Add to the file."""
        self._file.write(content.encode())
        return self._sink.take()

    def finish(self) -> bytes:
        """End the last file and the archive."""
        self._file.close()
        self._file = None
        self._zip.close()
        return self._sink.take()
