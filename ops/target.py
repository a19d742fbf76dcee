"""What a command is about: a stack, and the cloud it is applied to. The two are orthogonal."""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from localazure.containers.errors import ContainersError
from localazure.errors import StateError
from ops.commands import SetupError

ROOT: Final = Path(__file__).resolve().parent.parent
STACKS: Final = ("dev", "staging", "prod")
CLOUDS: Final = ("local", "azure")


class UsageError(Exception):
    """A command was asked for something it does not do; the text says what it does."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A stack (`STACK`) and where it is applied (`CLOUD`)."""

    stack: str
    cloud: str

    @staticmethod
    def of(environ: Mapping[str, str]) -> "Target":
        """Read the target from the environment. Raises UsageError for an unknown stack or cloud."""
        return Target(
            stack=_one_of("STACK", environ.get("STACK") or "dev", STACKS),
            cloud=_one_of("CLOUD", environ.get("CLOUD") or "local", CLOUDS),
        )


def _one_of(variable: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise UsageError(
            f'{variable}="{value}" is not known. Allowed: {", ".join(allowed)}. Example: {variable}={allowed[0]}'
        )
    return value


def report(line: str) -> None:
    """Show progress; results alone go to standard output."""
    print(line, file=sys.stderr, flush=True)


def run_command(command: Callable[[Mapping[str, str]], int], environ: Mapping[str, str]) -> int:
    """Run a command and return its exit status. What goes wrong is said in words, without a traceback."""
    try:
        return command(environ)
    except (UsageError, StateError, SetupError, ContainersError) as error:
        report(f"error: {error}")
        return 1
    except BrokenPipeError:  # `make logs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still buffered goes nowhere
        return 128 + signal.SIGPIPE
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        report(f"error: {place}{error.strerror or error}. Make room or make it writable, then run the command again.")
        return 1
    except KeyboardInterrupt:
        report("interrupted; run the same command again to go on")
        return 128 + signal.SIGINT
