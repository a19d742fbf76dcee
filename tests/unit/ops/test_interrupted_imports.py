import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def _run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=False, capture_output=True, text=True, timeout=60
    )


def test_ctrl_c_while_a_command_is_still_importing_shows_no_traceback() -> None:
    done = _run("import ops; raise KeyboardInterrupt")

    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


def test_a_mistake_in_a_command_still_shows_its_traceback() -> None:
    assert "ZeroDivisionError" in _run("import ops; 1 / 0").stderr
