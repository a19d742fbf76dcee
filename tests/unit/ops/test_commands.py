"""Real programs, run to their end."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ops.commands import SetupError, run
from tests.unit.ops.workshop import REPOSITORY, Workshop, wait_until_ended, wait_until_exists


def test_a_program_that_fails_is_an_error_with_its_last_lines(workshop: Workshop) -> None:
    failing = workshop.program("bin/failing", "echo fine; echo 'no space left on device' >&2; exit 3")

    with pytest.raises(SetupError, match=r"(?s)ended with status 3.*no space left on device"):
        run([failing], seconds=20)


def test_a_program_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"cannot run `.*absent`"):
        run([tmp_path / "absent"], seconds=20)


def test_a_program_that_takes_too_long_is_ended_with_what_it_started(workshop: Workshop) -> None:
    slow = workshop.program("bin/slow", f"sleep 60 & echo $! > {workshop.root}/child; wait")

    with pytest.raises(SetupError, match="did not end within"):
        run([slow], seconds=1)

    wait_until_ended(int((workshop.root / "child").read_text()))


def test_a_long_wait_is_told_with_the_lines_so_far(workshop: Workshop) -> None:
    go_on = workshop.root / "go-on"
    chatty = workshop.program("bin/chatty", f"echo one >&2; while [ ! -e {go_on} ]; do sleep 0.01; done; echo done")
    heard: list[int] = []

    def pulse(lines: int) -> None:
        heard.append(lines)
        if lines:
            go_on.touch()

    assert run([chatty], seconds=20, pulse=pulse, pulse_seconds=0.05) == "done\n"
    assert heard[-1] == 1


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGKILL])
def test_the_next_one_is_not_blocked_by_an_interrupted_holder_of_the_lock(
    workshop: Workshop, signum: signal.Signals
) -> None:
    lock, held = workshop.root / "lock", workshop.root / "held"
    code = (
        "import pathlib, sys, threading; from ops.locks import exclusive\n"
        "with exclusive(pathlib.Path(sys.argv[1]), print):\n"
        "    pathlib.Path(sys.argv[2]).touch(); threading.Event().wait(60)\n"
    )
    command = [sys.executable, "-c", code, lock, held]
    with subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.DEVNULL) as holder:
        wait_until_exists(held)
        holder.send_signal(signum)
    held.unlink()

    with subprocess.Popen(command, cwd=REPOSITORY) as successor:
        wait_until_exists(held)
        successor.kill()
