"""One process of a container: started in its own group, stopped for certain, gone when the daemon is gone."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

import psutil

_LAUNCH: Final = str(Path(__file__).with_name("launch.py"))
_KILLED_BY_SIGNAL: Final = 128
_LOG_TAIL_LINES: Final = 10
_LOG_TAIL_BYTES: Final = 8192


def bound_to_daemon(command: Sequence[str]) -> list[str]:
    """A command line that runs `command` and ends with this process, however that ends; for the main thread."""
    return [sys.executable, "-I", "-S", _LAUNCH, str(os.getpid()), *command]


class ContainerProcess:
    """A running program. Start it from the daemon's main thread: the kernel watches the thread that forked."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, command: Sequence[str], *, cwd: Path, environment: Mapping[str, str], log: Path) -> Self:
        """Start a program whose whole environment is `environment` and whose output is appended to `log`."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *bound_to_daemon(command),
                cwd=cwd,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return cls(process)

    async def wait(self) -> int:
        """Wait for the end; the exit code, as 128 + n for a program ended by signal n."""
        code = await self._process.wait()
        return code if code >= 0 else _KILLED_BY_SIGNAL - code

    def cpu_seconds(self) -> float:
        """CPU time that the program and its children have used; 0 once it has ended."""
        used = 0.0
        with suppress(psutil.NoSuchProcess):  # or one that ends while it is asked
            program = psutil.Process(self._process.pid)
            for process in (program, *program.children(recursive=True)):
                times = process.cpu_times()
                used += times.user + times.system
        return used

    async def stop(self, *, grace_seconds: float) -> None:
        """Ask the program to end by SIGTERM; after the grace period, or if cancelled, kill its whole group."""
        try:
            with suppress(ProcessLookupError):
                self._process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), grace_seconds)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()


def log_tail(log: Path) -> tuple[str, ...]:
    """The last ten lines of a log; none if nothing was written."""
    if not log.is_file():
        return ()
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _LOG_TAIL_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    return tuple(lines[-_LOG_TAIL_LINES:])
