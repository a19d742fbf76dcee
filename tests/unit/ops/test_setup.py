"""The whole command in a checkout of its own, and the two files that call it."""

import ast
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ops.setup import OLDEST_PYTHON
from tests.unit.ops.workshop import PINNED_ENGINE, REPOSITORY, UV, Workshop, wait_until_exists

pytestmark = pytest.mark.integration

MAKE = shutil.which("make") or "make"


@pytest.fixture
def prepared(workshop: Workshop) -> Workshop:
    """A checkout with the code of the setup, on a machine with uv and the engine."""
    shutil.copytree(REPOSITORY / "ops", workshop.checkout / "ops", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("localazure/__init__.py", "localazure/user_cache.py"):  # all that set-up needs besides
        workshop.write(f"checkout/{name}", (REPOSITORY / name).read_text())
    workshop.write("checkout/requirements/dev.txt", workshop.wheel("thing", {"thing.py": ""}))
    workshop.program("bin/uv", f'exec {UV} "$@"')
    workshop.program("bin/pulumi", PINNED_ENGINE)
    return workshop


def setup(workshop: Workshop) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ops.setup"],
        cwd=workshop.checkout,
        env=workshop.environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_setup_tells_what_it_does_and_a_second_one_nothing(prepared: Workshop) -> None:
    first, second = setup(prepared), setup(prepared)

    assert (first.returncode, first.stdout) == (0, "")
    assert re.search(r"setup: \[ +\d+\.\d s\] installing requirements/dev\.txt", first.stderr)
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")


def test_a_setup_that_fails_says_so_and_has_a_status(prepared: Workshop) -> None:
    prepared.program("bin/uv", "[ $1 = --version ] && echo uv 0.9.0 && exit; echo no space left on device >&2; exit 2")

    failed = setup(prepared)

    assert failed.returncode == 1
    assert "setup: failed: " in failed.stderr
    assert "no space left on device" in failed.stderr


# What a shell starts in the background ignores Ctrl-C, and so does all that it starts.
HEEDING = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("ops.setup", run_name="__main__")
"""


@pytest.mark.parametrize(("signum", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_setup_can_be_run_again(prepared: Workshop, signum: signal.Signals, status: int) -> None:
    started = prepared.root / "started"
    prepared.program("bin/uv", f"[ $1 = --version ] && echo uv 0.9.0 && exit; touch {started}; exec sleep 30")
    with subprocess.Popen(
        [sys.executable, "-c", HEEDING], cwd=prepared.checkout, env=prepared.environ, stderr=subprocess.DEVNULL
    ) as interrupted:
        wait_until_exists(started)
        interrupted.send_signal(signum)
    assert interrupted.returncode == status

    prepared.program("bin/uv", f'exec {UV} "$@"')
    assert setup(prepared).returncode == 0


def test_an_older_python_can_read_the_file_that_refuses_it() -> None:
    for name in ("__init__.py", "setup.py"):
        ast.parse((REPOSITORY / "ops" / name).read_text(), feature_version=(3, 7))
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]

    assert project["requires-python"] == ">=" + ".".join(map(str, OLDEST_PYTHON))


def test_make_alone_lists_every_target_with_what_it_does() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    targets = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert targets is not None

    listed = subprocess.run([MAKE], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout

    assert re.findall(r"^  make (\S+) +\S", listed, re.MULTILINE) == targets[1].split()


def test_make_token_prints_the_token_only(workshop: Workshop) -> None:
    shutil.copy(REPOSITORY / "Makefile", workshop.checkout)
    workshop.program("checkout/.venv/bin/python", 'echo "$2 of $STACK in $CLOUD for $SUBJECT"')
    workshop.program("bin/python3", "echo installing >&2")

    made = subprocess.run(
        [MAKE, "token", "STACK=prod", "SUBJECT=alice"],
        cwd=workshop.checkout,
        env={"PATH": f"{workshop.root / 'bin'}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert made.stdout == "ops.token of prod in local for alice\n"


@pytest.mark.parametrize("status", [0, 2])
def test_continuous_integration_runs_make_test_and_ends_with_its_status(workshop: Workshop, status: int) -> None:
    run = workshop.checkout / ".ci" / "run"
    run.parent.mkdir()
    shutil.copy(REPOSITORY / ".ci" / "run", run)
    workshop.program("bin/make", f'echo "make $* without colour: $NO_COLOR in $PWD"; exit {status}')

    ended = subprocess.run(
        ["/bin/bash", run],
        cwd=Path("/"),
        env={"PATH": f"{workshop.root / 'bin'}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == status
    assert ended.stdout.splitlines()[-1] == f"make test without colour: 1 in {workshop.checkout}"
