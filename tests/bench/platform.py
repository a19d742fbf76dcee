"""What the commands of the platform take, and its program, beside the smallest program of Pulumi."""

import shutil
import statistics
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
from tests.bench.programs import METHOD, Programs

ROUNDS: Final = 5
TITLE: Final = "Platform"
_METHOD: Final = f"""\
Rounds in turns, medians. The unit of a command is `pulumi up` of a program with one resource, started cold: an engine
and a Python process that imports the SDK, as anyone's smallest program costs. Both `up`s of prod are done once.

{METHOD}"""
ONE_RESOURCE: Final = 'from pulumi_azure_native import resources\n\nresources.ResourceGroup("one")\n'

GOALS: Final[Mapping[str, tuple[str, float]]] = {
    "up": ("`make up` from nothing to an answering API", 4.0),
    "again": ("`make up` with nothing to change", 1.5),
    "preview": ("`make preview` with nothing to change", 1.5),
}
PROD_GOALS: Final[Mapping[str, tuple[str, float]]] = {
    "prod up": ("`make up STACK=prod` from nothing to an answering API", 90.0),
    "prod again": ("`make up STACK=prod` with nothing to change", 15.0),
}
"""In seconds."""


class Bench:
    """One run: a cloud of its own in a temporary folder, and what every measure has given."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.times: dict[str, list[float]] = {}
        self.programs = Programs()
        # As the Makefile has it: without byte code a program takes what compiling it does.
        kept = {name: value for name, value in environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self._environ = {**kept, "LOCALAZURE_STATE": str(folder / "state"), "STACK": "dev"}
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
        self.programs.round(self._environ)

    def prod(self) -> None:
        """Deploy prod, and again with nothing to change."""
        environ = {**self._environ, "STACK": "prod"}
        try:
            for name in PROD_GOALS:
                self._time(name, lambda: make("up", environ))
        finally:
            make("down", environ)

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

    def _run(self, command: list[str], cwd: Path, environ: Mapping[str, str]) -> None:
        run(command, {**self._environ, **environ}, cwd)


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
                run.programs.clear()
        report("platform: prod")
        run.prod()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    rows = [*_rows(run.times), *run.programs.rows()]
    return Section(name="platform", title=TITLE, method=_METHOD, rows=rows, remark=run.programs.remark())


def _rows(times: Mapping[str, list[float]]) -> list[Row]:
    rows: list[Row] = []
    for name, (what, goal) in GOALS.items():
        ratio = statistics.median(took / one for took, one in zip(times[name], times["one"], strict=True))
        seconds = f"{statistics.median(times[name]):.2f} s"
        rows.append(Row(what=what, value=seconds, ratio=ratio, goal=Goal.at_most(goal, ratio)))
    one = f"{statistics.median(times['one']):.2f} s"
    rows.append(Row(what="`pulumi up` of one resource", value=one, ratio=1.0))
    for name, (what, goal) in PROD_GOALS.items():
        (took,) = times[name]
        rows.append(Row(what=what, value=f"{took:.2f} s", goal=Goal.at_most(goal, took, " s")))
    return rows
