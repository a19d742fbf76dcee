"""How `ops/` and the tests reach the daemon of a state folder: find it, start it, ask it, stop it."""

import fcntl
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final

import psutil

from localazure.endpoints import Endpoints
from localazure.errors import StateError

LOCK: Final = "daemon.lock"
LOG: Final = "daemon.log"
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 60.0


class Client:
    """A running daemon. Made by `find` or `start`."""

    def __init__(self, state: Path, endpoints: Endpoints) -> None:
        self.state = state
        self.endpoints = endpoints

    @staticmethod
    def find(state: Path) -> "Client | None":
        """The daemon of a state folder, or None when none runs. A dead one's file is not believed."""
        endpoints = Endpoints.read(state)
        return Client(state, endpoints) if endpoints and is_running(state) else None

    @staticmethod
    def start(state: Path) -> "Client":
        """The daemon of a state folder, started if need be.

        Raises:
            StateError: the folder cannot be used, or the daemon did not come up; with the end of its log.
        """
        if found := Client.find(state):
            return found
        make_folder(state)
        with (state / LOG).open("w", encoding="utf-8") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "localazure", "serve", str(state)],
                cwd=Path(__file__).resolve().parent.parent,
                env=_environment(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C at the terminal is for the command, not for the cloud
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            # Its own word, not that of a killed one before it; but another command may have been faster.
            found = Client.find(state)
            if found and (found.endpoints.pid == process.pid or process.poll() is not None):
                return found
            if process.poll() is not None and not is_running(state):
                break
            time.sleep(0.02)
        end = "".join((state / LOG).read_text(encoding="utf-8").splitlines(keepends=True)[-5:]).strip()
        raise StateError(f"The embedded Azure did not start:\n{end or 'it said nothing'}\nIts log: {state / LOG}")

    def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.endpoints.control_port}{path}",
            data=json.dumps({} if body is None else body).encode() if method == "POST" else None,
            headers={"Authorization": f"Bearer {self.endpoints.secret}", "Content-Type": "application/json"},
            method=method,
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                return json.load(answer)
        except (OSError, HTTPException) as error:  # OSError has URLError among its kinds
            raise StateError(
                f"The embedded Azure does not answer {path}: {error}. Its log: {self.state / LOG}"
            ) from error

    def status(self) -> dict[str, Any]:
        """What exists and what runs."""
        return self._ask("GET", "/status")

    def mint(self, *, issuer: str, audience: str, subject: str, roles: list[str], lifetime_seconds: int) -> str:
        """An access token of the embedded Entra."""
        wanted = {
            "issuer": issuer,
            "audience": audience,
            "subject": subject,
            "roles": roles,
            "lifetime_seconds": lifetime_seconds,
        }
        return self._ask("POST", "/token", wanted)["token"]

    def operator_token(self, resource: str) -> str:
        """An access token of the operator for a resource of Azure, as `az account get-access-token` gives it."""
        return self._ask("POST", "/operator-token", {"resource": resource})["token"]

    def run(self, job: str) -> str:
        """Start an execution of the job with this ARM id and return its name. Raises StateError when it is refused."""
        answer = self._ask("POST", "/run", {"job": job})
        if "refused" in answer:
            raise StateError(f"{job.rpartition('/')[2]} cannot be started: {answer['refused']}")
        return answer["execution"]

    def execution(self, job: str, name: str) -> dict[str, Any]:
        """What is known of an execution of a job. Raises StateError when nothing is."""
        answer = self._ask("POST", "/execution", {"job": job, "execution": name})
        if "refused" in answer:
            raise StateError(f"{name} is not known: {answer['refused']}")
        return answer

    def activate(self, app: str, revision: str, *, active: bool) -> None:
        """Activate or deactivate a revision of the app with this ARM id. Raises StateError when it is refused."""
        answer = self._ask("POST", "/revision", {"app": app, "revision": revision, "active": active})
        if "refused" in answer:
            raise StateError(f"{revision} cannot be changed: {answer['refused']}")

    def script(self, faults: Sequence[Mapping[str, Any]]) -> None:
        """Let these faults happen, and none of those before (`localazure/faults.py`). Raises StateError."""
        answer = self._ask("POST", "/faults", list(faults))
        if "refused" in answer:
            raise StateError(f"the script of faults cannot be used: {answer['refused']}")

    def trouble(self, strikes: Sequence[Mapping[str, Any]]) -> None:
        """Let third parties make this trouble, and none of that before (`localazure/planes/third_parties.py`).

        Raises StateError.
        """
        answer = self._ask("POST", "/troubles", list(strikes))
        if "refused" in answer:
            raise StateError(f"the script of troubles cannot be used: {answer['refused']}")

    def purge(self) -> None:
        """Forget every soft-deleted resource."""
        self._ask("POST", "/purge")

    def stop(self) -> None:
        """Stop the daemon and all that it runs; what exists stays on disk. Raises StateError if it does not end."""
        self._ask("POST", "/stop")
        deadline = time.monotonic() + STOP_SECONDS
        while is_running(self.state) or _lives(self.endpoints.pid):
            if time.monotonic() > deadline:
                raise StateError(
                    f"The embedded Azure (process {self.endpoints.pid}) does not end within {STOP_SECONDS:.0f} s."
                )
            time.sleep(0.02)


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    """The environment of a daemon, and so of the programs that it runs for the engine.

    Without what would hold for every later command: settings of Pulumi (a program takes configuration from them). With
    byte code, since every program would compile the Azure SDK again, which takes seconds. And gRPC's C core sends
    even calls to loopback through a proxy unless it is told not to (grpc, doc/environment_variables.md).
    """
    kept = {k: v for k, v in ours.items() if k != "PYTHONDONTWRITEBYTECODE" and not k.startswith("PULUMI_")}
    return {**kept, "no_grpc_proxy": "127.0.0.1,localhost"}


def make_folder(state: Path) -> None:
    """Make a state folder and see whether it can be written. Raises StateError."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        (state / LOG).touch()
    except OSError as error:
        raise StateError(
            f"The state folder {state} cannot be written: {error.strerror}. Make it writable, make room, or "
            "name another one in LOCALAZURE_STATE."
        ) from error


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def is_running(state: Path) -> bool:
    """Whether a daemon holds the state folder; the kernel drops the lock with its process."""
    try:
        descriptor = os.open(state / LOCK, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: two who look do not disturb each other
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
