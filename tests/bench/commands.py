"""Commands that a bench runs: quietly, unless they fail."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ops.target import ROOT, UsageError


def run(command: Sequence[str], environ: Mapping[str, str], cwd: Path = ROOT) -> None:
    """Run a command, or raise `UsageError` with what it said."""
    done = subprocess.run(command, cwd=cwd, env=environ, check=False, capture_output=True, text=True)
    if done.returncode:
        raise UsageError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def make(target: str, environ: Mapping[str, str]) -> None:
    """Do what `make <target>` does, or raise `UsageError` with what it said."""
    run([sys.executable, "-m", f"ops.{target}"], environ)
