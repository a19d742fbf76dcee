"""`make setup`: `.venv` and the Pulumi engine, and nothing else, by the system's Python.

Pythons older than the repository needs must be able to read this file, to say so; hence the late imports.
"""

import os
import signal
import sys
import time
from pathlib import Path

OLDEST_PYTHON = (3, 11)  # requires-python of pyproject.toml


def main() -> int:
    """Set up this checkout and return the exit status; progress and errors go to standard error."""
    if sys.version_info[:2] < OLDEST_PYTHON:
        have, need = (".".join(map(str, version[:2])) for version in (sys.version_info, OLDEST_PYTHON))
        _tell(f"Python {need} or newer is needed; {sys.executable} is {have}.")
        _tell(f"Install one and name it, for example: make setup PYTHON=python{need}")
        return 1

    from ops.commands import SetupError  # noqa: PLC0415 - after the check above
    from ops.dependencies import sync_dependencies  # noqa: PLC0415 - after the check above
    from ops.engine import find_engine  # noqa: PLC0415 - after the check above

    start = time.monotonic()

    def report(line: str) -> None:
        _tell(f"[{time.monotonic() - start:5.1f} s] {line}")

    # So that an ended setup ends what it started, as an interrupted one does.
    for signum in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(signum, _end)
    try:
        sync_dependencies(Path(__file__).resolve().parent.parent, os.environ, report)
        find_engine(report)
    except SetupError as error:
        _tell(f"failed: {error}")
        return 1
    except KeyboardInterrupt:
        _tell("interrupted; nothing is half done: run it again when you like")
        return 128 + signal.SIGINT
    return 0


def _end(signum: int, _frame: object) -> None:
    sys.exit(128 + signum)


def _tell(line: str) -> None:
    print(f"setup: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
