"""One setup at a time. The kernel drops a lock with its process: a killed setup never blocks the next one."""

import fcntl
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from ops.commands import Report, SetupError


@contextmanager
def exclusive(path: Path, report: Report, *, seconds: float = 3600) -> Generator[None]:
    """Hold the lock file `path` for the time of the block; wait for another holder at most `seconds`.

    Raises:
        SetupError: The file cannot be written, or the other holder takes longer than that.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        holder = path.open("a", encoding="utf-8")
    except OSError as error:
        raise SetupError(
            f"cannot write {path}: {error.strerror}. Make the folder writable or free disk space."
        ) from error
    with holder:
        deadline = time.monotonic() + seconds
        told = False
        while not _taken(holder.fileno()):
            if not told:
                report(f"another setup is at work here; waiting until it is done ({path})")
                told = True
            if time.monotonic() > deadline:
                raise SetupError(f"another setup has held {path} for {seconds:.0f} s; end it and try again")
            time.sleep(0.1)
        yield


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
