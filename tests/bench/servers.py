"""Servers that are measured, each pinned to the core that the load leaves alone."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from ops.target import ROOT
from tests.load.driver import Load, Outcome, drive
from tests.load.mix import Request
from tests.rig.ports import free_port

SERVER_CORE: Final = 0
LOAD_CORE: Final = 1
START_S: Final = 60.0


@dataclass(frozen=True)
class Server:
    """A variant that answers."""

    name: str
    port: int
    process: psutil.Process

    async def bear(self, requests: Iterator[Request], load: Load, *, rest_s: float = 0.0) -> "Borne":
        """Let it bear a load, and do for so many seconds what the load leaves to do: that is part of its price."""
        before = _cpu_s(self.process)
        outcome = await drive(f"http://127.0.0.1:{self.port}", requests, load)
        await asyncio.sleep(rest_s)
        return Borne(outcome, (_cpu_s(self.process) - before) / max(outcome.count, 1) * 1e6)


@dataclass(frozen=True)
class Borne:
    """What came of a load, and what it took of the server: user and system time per request, in microseconds."""

    outcome: Outcome
    cpu_us: float


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


@contextmanager
def serve(variant: str, environ: Mapping[str, str], reads: Path | None = None) -> Generator[Server]:
    """Start a variant of `tests.bench.variants` and wait until it answers; it ends with the block.

    Args:
        variant: Its name.
        environ: Of a replica of the API.
        reads: Where it writes at its end what it counted of its cache.
    """
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.variants", variant, str(SERVER_CORE), *([str(reads)] if reads else [])],
        cwd=ROOT,
        env={**environ, "PORT": str(port)},
        stdout=subprocess.DEVNULL,
    )
    try:
        _until_it_answers(process, port)
        yield Server(variant, port, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(START_S)


def _until_it_answers(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"a server of the bench ended with status {process.returncode}; its log is above")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"a server of the bench does not answer within {START_S:g} s")


def stay_on_the_loads_core() -> None:
    """Leave the servers' core to the servers."""
    os.sched_setaffinity(0, {LOAD_CORE})
