"""A checkout of this repository that a test may change, with an embedded cloud of its own.

What these tests prove: the real engine, the program, the embedded Azure and the service work together. What they do
not: that Azure itself would accept it.
"""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from localazure.client import Client

ROOT = Path(__file__).resolve().parents[2]
COMMAND_SECONDS = 400
_COMMANDS_OWN = ("CLOUD", "LOCALAZURE_", "MAKE", "MFLAGS", "PULUMI_", "STACK")


@dataclass(frozen=True)
class Done:
    """A command that ended: its exit status, everything it wrote, and what of that was its result."""

    status: int
    text: str
    result: str = ""


class Checkout:
    """A copy of the tracked and new files, committed, so that `git status` tells what commands leave behind.

    Args:
        folder: an empty folder.
        set_up: whether it shares the environment that these tests run in; else `make setup` has yet to make one.
    """

    def __init__(self, folder: Path, *, set_up: bool = True) -> None:
        self.folder = folder
        self.state = folder / ".localazure"
        listed = _git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).exists():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        _git(folder, "init", "--quiet")
        if set_up:
            (folder / ".venv").symlink_to(ROOT / ".venv")
            (folder / ".git" / "info" / "exclude").write_text(".venv\n")
        self.commit()

    def commit(self) -> None:
        """Take the present files as what belongs here."""
        _git(self.folder, "add", "--all")
        identity = ("-c", "user.name=test", "-c", "user.email=test@example.org")
        _git(self.folder, *identity, "commit", "--quiet", "--allow-empty", "--message", "State")

    def git_status(self) -> str:
        """What git sees changed or new; empty in a clean checkout."""
        return _git(self.folder, "status", "--porcelain")

    def environ(self, **variables: str) -> dict[str, str]:
        """The environment of a command: this one's, without what the test runner or a person has set for commands."""
        ours = {k: v for k, v in os.environ.items() if not k.startswith(_COMMANDS_OWN)}
        return {**ours, **variables}

    def start(self, verb: str, **variables: str) -> subprocess.Popen[str]:
        """Start `make VERB` without waiting for it, in a process group of its own."""
        return subprocess.Popen(
            [str(self.folder / ".venv" / "bin" / "python"), "-m", f"ops.{verb}"],
            cwd=self.folder,
            env=self.environ(**variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, verb: str, **variables: str) -> Done:
        """Run what `make VERB` runs after set-up, to its end."""
        process = self.start(verb, **variables)
        try:
            result, progress = process.communicate(timeout=COMMAND_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return Done(process.returncode, progress + result, result)

    def up(self, **variables: str) -> str:
        """Deploy; the test fails with the whole output if that fails."""
        done = self.run("up", **variables)
        assert done.status == 0, done.text
        return done.text

    def shell(self, command: str, **variables: str) -> Done:
        """Run a line in a shell in the checkout, as a person would paste it."""
        ended = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environ(**variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            timeout=COMMAND_SECONDS,
        )
        return Done(ended.returncode, ended.stdout + ended.stderr, ended.stdout)

    def pulumi(self, command: str, **variables: str) -> Done:
        """Run a plain `pulumi` command with the lines that `make env` prints."""
        return self.shell(f'eval "$(.venv/bin/python -m ops.env)" && pulumi {command}', **variables)

    def outputs(self, **variables: str) -> dict[str, Any]:
        """The stack's outputs."""
        done = self.pulumi("stack output --json", **variables)
        assert done.status == 0, done.text
        return json.loads(done.result)

    def client(self) -> Client:
        """The daemon."""
        return Client.start(self.state)

    def running(self, kind: str) -> dict[str, dict[str, Any]]:
        """What the daemon says of everything of a kind that runs, by name."""
        return {each["name"]: each for each in self.client().status()["running"] if each["kind"] == kind}

    def token(self, **variables: str) -> str:
        """A token, as `make token` prints it."""
        done = self.run("token", **variables)
        assert done.status == 0, done.text
        return done.result.strip()

    @contextmanager
    def edited(self, name: str, pattern: str, replacement: str) -> Generator[None]:
        """Replace the one place in a file that matches, for the time of the block."""
        path = self.folder / name
        before = path.read_text()
        after, count = re.subn(pattern, replacement, before)
        assert count == 1, f"{pattern!r} matches {count} places of {name}"
        path.write_text(after)
        try:
            yield
        finally:
            path.write_text(before)

    def processes(self) -> list[psutil.Process]:
        """Every process that belongs to this checkout's cloud, by its command line, folder or environment."""
        mark = str(self.state)
        return [process for process in psutil.process_iter() if _mentions(process, mark)]

    def daemon_pid(self) -> int:
        """Process id of the daemon."""
        return json.loads((self.state / "daemon.json").read_text())["pid"]

    def end(self) -> None:
        """End every process of this checkout's cloud and remove its files."""
        for process in self.processes():
            try:
                process.kill()
                process.wait(10)
            except psutil.NoSuchProcess:
                continue
        shutil.rmtree(self.folder, ignore_errors=True)


def _mentions(process: psutil.Process, mark: str) -> bool:
    if process.pid == os.getpid():
        return False
    try:
        seen: Mapping[str, str] = process.environ()
        return any(mark in text for text in (*process.cmdline(), process.cwd(), *seen.values()))
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return False


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout
