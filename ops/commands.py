"""Running one program to its end: bounded, watched, and leaving nothing behind when it is interrupted."""

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

Report = Callable[[str], None]  # takes one line for the person who waits

PULSE = 10.0  # seconds between two signs of life


class SetupError(Exception):
    """What could not be set up, why, and what to do about it, in words for the person who ran the command."""


def run(
    command: Sequence[str | Path],
    *,
    seconds: float,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
    pulse: Callable[[int], None] | None = None,
    pulse_seconds: float = PULSE,
) -> str:
    """Run a program without a terminal and return what it wrote to standard output.

    Args:
        command: The program and its arguments.
        seconds: After this long it is killed.
        cwd: Where it runs.
        environ: Its whole environment; ours when absent.
        pulse: Called every `pulse_seconds` with the number of lines it has written to standard error so far.
        pulse_seconds: Seconds between two calls of `pulse`.

    Raises:
        SetupError: It cannot be started, takes too long, or ends with another status than 0; with its last lines.
    """
    line = " ".join(str(word) for word in command)
    deadline = time.monotonic() + seconds
    errors: list[str] = []
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        try:
            # Its own session, so that whatever it started can be ended with it.
            process = subprocess.Popen(
                [str(word) for word in command],
                cwd=cwd,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            raise SetupError(f"cannot run `{line}`: {error}") from error
        try:
            _follow(process, errors, deadline, pulse or (lambda _: None), pulse_seconds)
        except subprocess.TimeoutExpired as error:
            raise SetupError(f"`{line}` did not end within {seconds:.0f} s") from error
        finally:
            _end(process)
        output.seek(0)
        written = output.read()
    if process.returncode != 0:
        last = [text.strip() for text in (errors or written.splitlines()) if text.strip()][-6:]
        raise SetupError(f"`{line}` ended with status {process.returncode}: " + "\n    ".join(["", *last]))
    return written


def _follow(
    process: subprocess.Popen[str],
    errors: list[str],
    deadline: float,
    pulse: Callable[[int], None],
    pulse_seconds: float,
) -> None:
    """Collect the lines of standard error until the process ends, or raise `subprocess.TimeoutExpired`."""

    def collect() -> None:
        assert process.stderr is not None  # noqa: S101 - opened as a pipe above; tells the type checker
        with process.stderr as stream:
            for text in stream:
                errors.append(text)  # noqa: PERF402 - one by one, since the other thread counts them meanwhile

    reader = threading.Thread(target=collect, daemon=True)
    reader.start()
    while True:
        left = deadline - time.monotonic()
        try:
            process.wait(timeout=max(0.0, min(pulse_seconds, left)))
        except subprocess.TimeoutExpired:
            if left <= pulse_seconds:
                raise
            pulse(len(errors))
        else:
            reader.join(timeout=5)
            return


def _end(process: subprocess.Popen[str]) -> None:
    """End the process and everything it started, unless it has ended by itself."""
    if process.poll() is not None:
        return  # its id may be another's by now
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=10)
