"""Running the Pulumi engine, with what it prints shown as it comes."""

import json
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from ops.target import ROOT, UsageError

JUDGED: Final = ("preview", "up")
"""Verbs that run the program: the policy pack judges what it declares, and a violation ends them."""
PACK: Final = ROOT / "policy" / "pack"


def run_engine(engine: Path, arguments: Sequence[str], environ: Mapping[str, str], *, lock: int | None = None) -> int:
    """Run the engine in the checkout until it ends, and return its exit status.

    Ctrl-C reaches the engine through the terminal. It then ends what is under way and writes its checkpoint, so it is
    waited for instead of being left behind.

    Args:
        engine: the Pulumi CLI.
        arguments: what it is to do.
        environ: its whole environment.
        lock: the descriptor of a lock that it holds as long as it lives, even if this command is killed.
    """
    locks = () if lock is None else (lock,)
    judged = ["--policy-pack", str(PACK)] if arguments[0] in JUDGED else []
    before = signal.signal(signal.SIGINT, _stay)
    try:
        return subprocess.run(
            [str(engine), *arguments, *judged], cwd=ROOT, env=dict(environ), check=False, pass_fds=locks
        ).returncode
    finally:
        signal.signal(signal.SIGINT, before)


def _stay(number: int, frame: FrameType | None) -> None:
    """Leave Ctrl-C to the engine."""
    del number, frame


def ask_engine(
    engine: Path, arguments: Sequence[str], environ: Mapping[str, str], *, lock: int | None = None, cwd: Path = ROOT
) -> str:
    """Run the engine, which holds `lock` meanwhile, for its answer. Raises UsageError with its words."""
    locks = () if lock is None else (lock,)
    done = subprocess.run(
        [str(engine), *arguments],
        cwd=cwd,
        env=dict(environ),
        check=False,
        capture_output=True,
        text=True,
        pass_fds=locks,
    )
    if done.returncode:
        raise UsageError(f"`pulumi {' '.join(arguments)}` failed:\n{done.stderr.strip() or _words(done.stdout)}")
    return done.stdout


def _words(answer: str) -> str:
    """What an engine that failed has said: with --json, the messages in it, which are some lines of thousands."""
    try:
        said = json.loads(answer)["diagnostics"]
        return "\n".join(each["message"].strip() for each in said if each["severity"] == "error")
    except (ValueError, KeyError, TypeError):
        return answer.strip()
