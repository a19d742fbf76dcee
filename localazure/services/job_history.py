"""The executions of one job, kept in a file beside its logs: the last ones survive the daemon."""

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from localazure.planes.files import write_atomically

_KEPT: Final = 50


class ExecutionState(StrEnum):
    """Azure's words for how far an execution is."""

    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One execution. Times are ISO 8601 in UTC.

    Args:
        exit_code: of the last try; None while it runs, and when it ran out of time.
        trouble: why it failed.
        logs: files with what the tries wrote.
    """

    name: str
    started: str
    status: str = ExecutionState.RUNNING
    ended: str | None = None
    exit_code: int | None = None
    tries: int = 0
    trouble: str | None = None
    logs: tuple[str, ...] = ()


class JobHistory:
    """Executions in the order of their start.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._executions = _read(path)

    @property
    def executions(self) -> tuple[Execution, ...]:
        """What is kept of them, the latest last."""
        return self._executions

    def begin(self, name: str) -> Execution:
        """Add an execution that starts now."""
        execution = Execution(name=name, started=now())
        self._write((*self._executions, execution))
        return execution

    def end(self, execution: Execution) -> None:
        """Replace what is known of an execution that has ended now."""
        ended = replace(execution, ended=now())
        self._write(tuple(ended if each.name == ended.name else each for each in self._executions))

    def break_off(self) -> None:
        """Say of executions that ran when the daemon was killed that they failed."""
        for execution in self._executions:
            if execution.status == ExecutionState.RUNNING:
                self.end(replace(execution, status=ExecutionState.FAILED, trouble="the embedded Azure was stopped"))

    def forget(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)

    def _write(self, executions: tuple[Execution, ...]) -> None:
        self._executions = executions[-_KEPT:]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        content = [asdict(execution) for execution in self._executions]
        write_atomically(self._path, json.dumps(content, indent=1).encode())


def now() -> str:
    """The time, in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _read(path: Path) -> tuple[Execution, ...]:
    try:
        kept: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        values: list[dict[str, Any]] = [{**execution, "logs": tuple(execution["logs"])} for execution in kept]
        return tuple(Execution(**each) for each in values)
    except (OSError, ValueError, KeyError, TypeError):
        return ()  # what ran before is no reason not to run again
