"""How long each role takes to start, and how much memory it has then."""

import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Final

import psutil

from app.contract import LIVENESS_PATH, READINESS_PATH
from ops.target import ROOT, report
from tests.bench.deployed import Deployed
from tests.bench.page import Row, Section
from tests.rig.ports import free_port

TITLE: Final = "Roles"
ROUNDS: Final = 5
WITHIN_S: Final = 60.0
MIB: Final = 1024 * 1024
_METHOD: Final = """\
Each role is started anew in the environment of its running replica, in turns with the others: seconds until it answers
its liveness probe, then until it is ready, with every dependency asked; then the memory that is its own (USS). Medians;
a ratio is that of the time until it is alive to the same of raw ASGI under uvicorn."""

Figures = dict[str, list[tuple[float, float, float]]]


def roles(deployed: Deployed) -> Section:
    """Measure the roles."""
    figures: Figures = {"raw": []}
    for number in range(ROUNDS + 1):
        for role in ("raw", "api", "mcp", "worker"):
            one = _start(role, deployed.replica("api" if role == "raw" else role))
            if number:
                figures.setdefault(role, []).append(one)
        report(f"  roles: round {number} of {ROUNDS}")
    unit = statistics.median(alive for alive, _, _ in figures["raw"])
    rows = [_row(role, of, unit) for role, of in figures.items()]
    return Section(name="roles", title=TITLE, method=_METHOD, rows=rows)


def _row(role: str, figures: list[tuple[float, float, float]], unit: float) -> Row:
    alive, ready, memory = (statistics.median(column) for column in zip(*figures, strict=True))
    what = "Raw ASGI" if role == "raw" else f"`python -m app {role}`"
    value = f"alive {alive:.2f} s, ready {ready:.2f} s, {memory / MIB:.0f} MiB"
    return Row(what=what, value=value, ratio=alive / unit)


def _start(role: str, environ: Mapping[str, str]) -> tuple[float, float, float]:
    port = free_port()
    raw = ("uvicorn", "tests.load.raw:app", "--port", str(port), "--no-access-log", "--log-level", "warning")
    module = raw if role == "raw" else ("app", role)
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", *module], cwd=ROOT, env={**environ, "PORT": str(port)}, stdout=subprocess.DEVNULL
    )
    try:
        alive = _until(port, LIVENESS_PATH, began)
        ready = _until(port, READINESS_PATH, began)
        return alive, ready, psutil.Process(process.pid).memory_full_info().uss
    finally:
        process.terminate()
        process.wait(WITHIN_S)


def _until(port: int, path: str, began: float) -> float:
    """Return the seconds from the beginning to a good answer."""
    while time.perf_counter() - began < WITHIN_S:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.01)
        else:
            return time.perf_counter() - began
    raise RuntimeError(f"no good answer to {path} within {WITHIN_S:g} s")
