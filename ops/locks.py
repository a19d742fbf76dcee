"""One setup or command at a time. The kernel drops a lock with its process: a killed one never blocks the next."""

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from ops.commands import Report, SetupError


@contextmanager
def exclusive(path: Path, report: Report, *, seconds: float = 3600, holder: str = "setup") -> Generator[int]:
    """Hold the lock file `path` for the time of the block; wait for another holder at most `seconds`.

    Yields:
        The descriptor of the lock: a child process that inherits it holds the lock as long as it lives.

    Raises:
        SetupError: The file cannot be written, or the other holder takes longer than that.
    """
    deadline = time.monotonic() + seconds
    told = False
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise SetupError(
                f"cannot write {path}: {error.strerror}. Make the folder writable or free disk space."
            ) from error
        with file:
            if _taken(file.fileno(), path):
                yield file.fileno()
                return
        if not told:
            report(f"another {holder} is at work here; waiting until it is done ({path})")
            told = True
        if time.monotonic() > deadline:
            raise SetupError(f"another {holder} has held {path} for {seconds:.0f} s; end it and try again")
        time.sleep(0.1)


def _taken(descriptor: int, path: Path) -> bool:
    """Whether the lock is ours now, and still the one under its name: the last holder may have removed it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False
