"""The faults of the plan: every one has a line that says where it is avoided, and tests that exist.

Proves names, not prose: whether a line is true is for reviewers.
"""

import ast
import re
from typing import Final

import pytest

from tests.tape import ROOT

FAULTS: Final = 52
"""Counted in the review of the plan's template and pipeline."""
PAGE: Final = ROOT / "docs" / "seed-faults.md"
COMMANDS_THAT_DO_NOT_WORK: Final = {
    "a revision for set-mode": r"revision set-mode[^\n]*--revision\b",
    "a revision named by its app": r"revision (list|show)[^\n]*--app\b",
    "a commit for a suffix": r"--revision-suffix",
    "an image by tag": r"--image[ =]\S+:latest",
}


def _lines() -> list[list[str]]:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if re.match(r"\| \d+ \|", line)]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def _spans(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_fault_has_its_line_in_order() -> None:
    lines = _lines()
    assert [int(number) for number, *_ in lines] == list(range(1, FAULTS + 1))
    assert {len(line) for line in lines} == {6}
    assert {kind for _, kind, *_ in lines} <= set("FSROC")


@pytest.mark.parametrize("line", _lines(), ids=lambda line: f"fault-{line[0]}")
def test_a_fault_is_avoided_in_a_file_and_proven_by_a_test(line: list[str]) -> None:
    *_, here, proof = line
    assert [span for span in _spans(here) if "/" in span or span.endswith((".py", ".toml"))], "names no file"
    assert _spans(proof), "names no test"
    for name in _spans(proof):
        path, _, function = name.partition("::")
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        functions = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
        assert function in functions, f"{name} is not there"


@pytest.mark.parametrize("fault", COMMANDS_THAT_DO_NOT_WORK)
def test_no_document_repeats_a_command_of_the_plan_that_does_not_work(fault: str) -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    pattern = COMMANDS_THAT_DO_NOT_WORK[fault]
    assert not [page.name for page in pages if re.search(pattern, page.read_text(encoding="utf-8"))]
