"""A deployment of dev in an embedded cloud of the bench's own, and what its replicas know."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from app.contract import ApiEnv
from localazure.client import Client
from ops.target import ROOT, report
from tests.bench.commands import make
from tests.load.people import mint

STACK: Final = "dev"
PEOPLE: Final = 1000
TASKS_EACH: Final = 20
UNLIMITED: Final = "1000000"
TRACED_PERCENT: Final = "10"
"""What the performance goals are stated for; dev traces everything."""


@dataclass(frozen=True)
class Deployed:
    """What runs.

    Args:
        client: Of the cloud.
        environ: Of commands that use it.
    """

    client: Client
    environ: Mapping[str, str]

    def replica(self, role: str) -> dict[str, str]:
        """Return the environment of a running replica of this role, with limits that never strike, and quiet."""
        for process in psutil.process_iter():
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):  # gone since it was listed
                if process.cmdline()[-2:] == ["app", role] and str(self.client.state) in process.cwd():
                    return {
                        **process.environ(),
                        ApiEnv.LIMIT_PER_ADDRESS: UNLIMITED,
                        ApiEnv.LIMIT_PER_PERSON: UNLIMITED,
                        ApiEnv.LOG_LEVEL: "info",
                        ApiEnv.TRACE_PERCENT: TRACED_PERCENT,
                    }
        raise RuntimeError(f"no replica of {role} runs in {self.client.state}")

    def tokens(self, environ: Mapping[str, str], people: int = PEOPLE) -> Sequence[str]:
        """Return a token of each of the people of the load."""
        issuer, audience = environ[ApiEnv.TOKEN_ISSUER], environ[ApiEnv.TOKEN_AUDIENCE]
        return mint(self.client, people, issuer=issuer, audience=audience)

    def postgres(self) -> Path:
        """Return the folder of the one PostgreSQL server, with its data and its log."""
        (record,) = (self.client.state / "postgres").glob("*/server.json")
        return record.parent

    def python(self, module: str, *arguments: str, environ: Mapping[str, str]) -> str:
        """Run a module of the bench in the environment of a replica and return what it prints."""
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(command, cwd=ROOT, env=environ, check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout


@contextmanager
def deployed(environ: Mapping[str, str] = os.environ) -> Generator[Deployed]:
    """Deploy dev with everybody's rows; all of it is gone after the block."""
    folder = Path(tempfile.mkdtemp(prefix="digitalmee-bench-"))
    surroundings = {**environ, "LOCALAZURE_STATE": str(folder / "state"), "STACK": STACK}
    try:
        report("the bench deploys dev to a cloud of its own")
        make("up", surroundings)
        client = Client.find(folder / "state")
        assert client
        one = Deployed(client, surroundings)
        api = one.replica("api")
        one.python("tests.bench.fill", api[ApiEnv.TOKEN_ISSUER], str(PEOPLE), str(TASKS_EACH), environ=api)
        yield one
    finally:
        make("down", surroundings)
        shutil.rmtree(folder, ignore_errors=True)
