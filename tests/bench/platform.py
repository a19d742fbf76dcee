"""What the commands of the platform take, beside the smallest program of Pulumi."""

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from localazure.client import Client
from ops.engine import find_engine
from ops.local_cloud import LocalCloud
from ops.target import ROOT, report
from tests.bench.commands import make, run
from tests.bench.page import Goal, Row, Section

ROUNDS: Final = 5
TITLE: Final = "Platform"
_METHOD: Final = """\
Rounds in turns, medians. The unit is `pulumi up` of a program with one resource, started cold: an engine and a Python
process that imports the SDK, as anyone's smallest program costs."""
ONE_RESOURCE: Final = 'from pulumi_azure_native import resources\n\nresources.ResourceGroup("one")\n'
UNDER_MOCKS: Final = """
import runpy, sys
import pulumi
from pulumi.runtime import mocks, settings
class Mocks(mocks.Mocks):
    def new_resource(self, args): return args.name, args.inputs
    def call(self, args): return {}
mocks.set_mocks(Mocks())
runpy.run_path(sys.argv[1])
"""

GOALS: Final[Mapping[str, tuple[str, float]]] = {
    "up": ("`make up` from nothing to an answering API", 4.0),
    "again": ("`make up` with nothing to change", 1.5),
    "preview": ("`make preview` with nothing to change", 1.5),
    "program": ("importing and running the program, against a one-resource program, both under mocks", 5.0),
}
UNITS: Final = {
    "one": "`pulumi up` of one resource",
    "one program": "running a one-resource program under mocks",
}


class Bench:
    """One run: a cloud of its own in a temporary folder, and the times of every measure."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.times: dict[str, list[float]] = {}
        self._environ = {**environ, "LOCALAZURE_STATE": str(folder / "state")}
        self._cloud = LocalCloud(find_engine(report), self._environ, "dev")
        self._one = folder / "one"
        self._one.mkdir()
        # Under another name the interpreter is another one to the language host, which then starts it cold.
        (self._one / "venv").symlink_to(ROOT / ".venv")
        (self._one / "Pulumi.yaml").write_text("name: one\nruntime: {name: python, options: {virtualenv: venv}}\n")
        (self._one / "__main__.py").write_text(ONE_RESOURCE)

    def round(self) -> None:
        """Measure everything once."""
        self._time("up", lambda: make("up", self._environ))
        self._time("again", lambda: make("up", self._environ))
        self._time("preview", lambda: make("preview", self._environ))
        self._one_resource()
        make("down", self._environ)
        self._time("one program", lambda: self._under_mocks("one/__main__.py"))
        self._time("program", lambda: self._run([sys.executable, "-m", "tests.tape", "dev"], ROOT))

    def _time(self, name: str, measure: Callable[[], None]) -> None:
        began = time.perf_counter()
        measure()
        took = time.perf_counter() - began
        self.times.setdefault(name, []).append(took)
        report(f"  {name:<12} {took:6.2f} s")

    def _one_resource(self) -> None:
        client = Client.start(self._cloud.state)
        environ = self._cloud.environment(client)
        engine = str(self._cloud.engine)
        (self._one / "Pulumi.x.yaml").unlink(missing_ok=True)
        self._run([engine, "stack", "init", "x"], self._one, environ)
        self._run([engine, "config", "set", "azure-native:location", "westeurope"], self._one, environ)
        arguments = ["--yes", "--skip-preview", "--stack", "x"]
        self._time("one", lambda: self._run([engine, "up", *arguments], self._one, environ))
        self._run([engine, "destroy", *arguments], self._one, environ)
        self._run([engine, "stack", "rm", "x", "--yes"], self._one, environ)

    def _under_mocks(self, script: str) -> None:
        self._run([sys.executable, "-c", UNDER_MOCKS, str(self._one.parent / script)], ROOT)

    def _run(self, command: list[str], cwd: Path, environ: Mapping[str, str] | None = None) -> None:
        run(command, {**self._environ, **(environ or {})}, cwd)


def platform(environ: Mapping[str, str]) -> Section:
    """Measure the platform."""
    folder = Path(tempfile.mkdtemp(prefix="digitalmee-bench-"))
    try:
        run = Bench(folder, environ)
        for number in range(ROUNDS + 1):
            report(f"platform: round {number} of {ROUNDS}" + ("" if number else " (to warm up; not counted)"))
            run.round()
            if not number:
                run.times.clear()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Section(name="platform", title=TITLE, method=_METHOD, rows=_rows(run.times))


def _rows(times: Mapping[str, list[float]]) -> list[Row]:
    rows: list[Row] = []
    for name, (what, goal) in GOALS.items():
        unit = times["one program" if name == "program" else "one"]
        ratio = statistics.median(took / one for took, one in zip(times[name], unit, strict=True))
        seconds = f"{statistics.median(times[name]):.2f} s"
        rows.append(Row(what=what, value=seconds, ratio=ratio, goal=Goal.at_most(goal, ratio)))
    for name, what in UNITS.items():
        rows.append(Row(what=what, value=f"{statistics.median(times[name]):.2f} s", ratio=1.0))
    return rows
