"""The image for Azure: what `Dockerfile` says, and that what it installs is all that the service imports."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

import pytest

from tests.tape import ROOT

DOCKERFILE: Final = (ROOT / "Dockerfile").read_text()
STEPS: Final = [
    (word, rest) for word, _, rest in (line.partition(" ") for line in DOCKERFILE.splitlines()) if word.isupper()
]
INSTALLED: Final = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements/app.txt").read_text(), re.MULTILINE))


def told(word: str) -> list[str]:
    return [rest for instruction, rest in STEPS if instruction == word]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                yield from (alias.name.partition(".")[0] for alias in names)
            case ast.ImportFrom(module=str(module)):
                yield module.partition(".")[0]
            case _:
                pass


def normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def test_the_base_is_pinned_by_digest_and_the_same_for_both_stages() -> None:
    assert re.fullmatch(r"PYTHON=python:3\.\d+-slim@sha256:[0-9a-f]{64}", told("ARG")[0])
    assert [base.split(" ")[0] for base in told("FROM")] == ["${PYTHON}", "${PYTHON}"]


def test_whoever_runs_is_nobody_by_number_and_nothing_but_python_is_started() -> None:
    assert told("USER") == ["65532"]
    assert told("ENTRYPOINT") == ['["python", "-m", "app"]']
    assert not told("HEALTHCHECK"), "the platform probes"


def test_everything_is_installed_by_hash() -> None:
    installing = [step for step in told("RUN") if "pip install" in step]
    assert installing
    assert all("--require-hashes" in step for step in installing)


def test_the_service_is_compiled_in_the_image_as_nothing_can_be_written_later() -> None:
    order = [rest for word, rest in STEPS if word in {"COPY", "RUN", "USER"}]
    assert [step for step in order if "compileall" in step] == [order[-2]], "after the copy, before the user"
    assert order[-3] == "app app"


def test_a_build_sees_what_it_copies_and_nothing_else() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    copied = {rest.split(" ", maxsplit=1)[0] for rest in told("COPY") if not rest.startswith("--from")}
    assert lines[0] == "*"
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == copied


@pytest.mark.parametrize("copied", [rest for rest in told("COPY") if not rest.startswith("--from")])
def test_what_is_copied_is_there(copied: str) -> None:
    assert (ROOT / copied.split(" ", maxsplit=1)[0]).exists()


def test_whatever_the_service_imports_is_in_the_image() -> None:
    owners = packages_distributions()
    foreign = {name for path in (ROOT / "app").rglob("*.py") for name in imported(path)} - sys.stdlib_module_names
    assert "starlette" in foreign
    assert not {name for name in foreign - {"app"} if not INSTALLED & {normal(owner) for owner in owners[name]}}
