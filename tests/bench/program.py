"""What a program of Pulumi takes of a process of its own, under the mocks of the tape.

python -m tests.bench.program prod
"""

import importlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from ops.target import ROOT
from tests.tape import DIGEST, Tape, record, record_main

FURTHER: Final = 200
"""The resources that a program has beside its first, to tell what each of them costs the SDK and the mocks."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What one run took, the interpreter's start and every import included.

    Args:
        cpu_s: User and system time of the process, in seconds.
        peak_mib: The most memory that was resident, in MiB.
        resources: How many it registered, without components.
    """

    cpu_s: float
    peak_mib: float
    resources: int


def _groups(count: int) -> Tape:
    """Run a program of nothing but resource groups."""

    def program() -> None:
        from pulumi_azure_native import resources  # noqa: PLC0415 - a part of what the program takes

        for number in range(count):
            resources.ResourceGroup(f"group-{number}", resource_group_name=f"group-{number}")

    return record(program)


def _imports() -> Tape:
    """Run a program that imports what the platform's imports, and declares nothing."""

    def program() -> None:
        for file in sorted((ROOT / "components").rglob("*.py")):
            importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
        importlib.import_module("settings")

    return record(program)


PROGRAMS: Final[Mapping[str, Callable[[], Tape]]] = {
    "one": lambda: _groups(1),
    "further": lambda: _groups(1 + FURTHER),
    "imports": _imports,
    "prod": lambda: record_main("prod", release=DIGEST),
}


def take(name: str, environ: Mapping[str, str]) -> Taken:
    """Run a program in a fresh process and return what it took of it."""
    command = [sys.executable, "-m", __name__, name]
    done = subprocess.run(command, cwd=ROOT, env=environ, check=True, stdout=subprocess.PIPE, text=True)
    return Taken(**json.loads(done.stdout))


def _peak_mib() -> float:
    """Read the kernel's mark of this process; that of `getrusage` may be that of the process which started it."""
    mark = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    assert mark
    return int(mark[1]) / 1024


if __name__ == "__main__":
    registered = PROGRAMS[sys.argv[1]]().registrations.values()
    own = sum(registration.custom for registration in registered)
    print(json.dumps(asdict(Taken(cpu_s=time.process_time(), peak_mib=_peak_mib(), resources=own))))
