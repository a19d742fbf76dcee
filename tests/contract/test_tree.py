"""The shape of the repository: who imports whom, how long things may be, what the README says is there."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.tape import ROOT

EXCEPTIONS: dict[str, str] = {
    "__main__.py": "the table of contents of twenty components, each with what it is given",
    "app/contract.py": "every variable of eight containers, in the one file that both sides import",
}
"""A path, or path:function, that may exceed its budget, and why."""

CODE = [
    *(Path(name) for name in ("__main__.py", "release.py", "settings.py")),
    *sorted(
        path.relative_to(ROOT)
        for folder in ("app", "components", "localazure", "ops")
        for path in (ROOT / folder).rglob("*.py")
    ),
]

BUDGETS = {"__main__.py": 120, "components": 150, "app": 200, "localazure": 250, "ops": 250}


@cache
def _nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse((ROOT / path).read_text(), str(path))))


def _imports(path: Path) -> Iterator[str]:
    for node in _nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _under(*folders: str) -> list[Path]:
    found = [path for path in CODE if path.parts[0] in folders]
    assert found, f"no code under {folders}"
    return found


@pytest.mark.parametrize("path", _under("components", "localazure"), ids=str)
def test_the_platform_knows_of_the_service_only_its_contract(path: Path) -> None:
    foreign = [name for name in _imports(path) if name.split(".")[0] == "app" and not name.startswith("app.contract")]
    assert not foreign


@pytest.mark.parametrize("path", _under("app"), ids=str)
def test_the_service_knows_nothing_of_what_deploys_it(path: Path) -> None:
    outer = {"components", "localazure", "ops", "settings", "release", "pulumi", "pulumi_azure_native", "tests"}
    assert not [name for name in _imports(path) if name.split(".")[0] in outer]


@pytest.mark.parametrize("path", [p for p in _under("app") if p.parts[1] == "domain"] + [Path("app/contract.py")])
def test_the_domain_and_the_contract_import_only_the_standard_library(path: Path) -> None:
    own = ("app.domain",)
    foreign = [n for n in _imports(path) if n.split(".")[0] not in sys.stdlib_module_names and not n.startswith(own)]
    assert not foreign


@pytest.mark.parametrize("path", [p for p in CODE if p.parts[0] not in {"localazure", "ops"}], ids=str)
def test_nothing_that_runs_in_azure_mentions_the_embedded_azure(path: Path) -> None:
    assert "localazure" not in (ROOT / path).read_text().lower()


@pytest.mark.parametrize("path", _under("components"), ids=str)
def test_a_component_never_reads_configuration_and_never_exports(path: Path) -> None:
    names = {
        f"{node.value.id}.{node.attr}"
        for node in _nodes(path)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    assert not names & {"pulumi.Config", "pulumi.export", "pulumi.get_stack", "os.environ"}
    assert not [name for name in _imports(path) if name.startswith(("pulumi.Config", "pulumi.export", "settings"))]


@pytest.mark.parametrize("path", _under("components"), ids=str)
def test_a_component_registers_its_outputs_as_the_last_thing_it_does(path: Path) -> None:
    for node in _nodes(path):
        if isinstance(node, ast.ClassDef) and any("ComponentResource" in ast.unparse(base) for base in node.bases):
            [construct] = [f for f in node.body if isinstance(f, ast.FunctionDef) and f.name == "__init__"]
            assert ast.unparse(construct.body[-1]).startswith("self.register_outputs("), node.name


def test_the_program_has_one_branch_no_loop_no_text_building_and_no_stack_name() -> None:
    nodes = _nodes(Path("__main__.py"))
    assert sum(isinstance(node, ast.If) for node in nodes) == 1
    assert not [node for node in nodes if isinstance(node, (ast.For, ast.While, ast.JoinedStr, ast.Compare, ast.BinOp))]


@pytest.mark.parametrize("path", CODE, ids=str)
def test_a_file_and_its_functions_stay_within_their_budget(path: Path) -> None:
    lines = (ROOT / path).read_text().count("\n")
    budget = BUDGETS.get(path.parts[0], 250)
    assert lines <= budget or str(path) in EXCEPTIONS, f"{lines} lines (allowed {budget})"
    for node in _nodes(path):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = _body_length(node)
            name = f"{path}:{node.name}"
            assert length <= 40 or name in EXCEPTIONS, f"{name} has {length} lines (allowed 40)"


def test_every_exception_is_still_needed() -> None:
    assert all((ROOT / name.partition(":")[0]).exists() for name in EXCEPTIONS)


def test_no_two_files_of_tests_have_one_name() -> None:
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []


def test_the_layout_in_the_readme_is_the_tree() -> None:
    readme = (ROOT / "README.md").read_text()
    block = re.search(r"^## Layout\n.*?^```\w*\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    assert block, "README.md has no fenced block under the heading `## Layout`"
    assert set(_listed(block[1])) == _tracked()


def _listed(block: str) -> Iterator[str]:
    """Yield the paths of a tree: a name in the first column, or indented by two spaces under its folder."""
    folder = ""
    for line in filter(str.strip, block.splitlines()):
        name = line.split()[0]
        if line.startswith(" "):
            yield f"{folder}{name}"
        else:
            folder = name if name.endswith("/") else ""
            yield name


def _tracked() -> set[str]:
    """Return files and folders of the first two levels that git tracks or would track; folders end in a slash."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30).stdout.split("\n")
    found: set[str] = set()
    for path in (Path(name) for name in files if name and (ROOT / name).exists()):
        depths = range(1, min(len(path.parts), 2) + 1)
        found.update("/".join(path.parts[:depth]) + "/" * (len(path.parts) > depth) for depth in depths)
    return {name for name in found if not name.endswith("__init__.py")}


def _body_length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function without its signature and docstring."""
    first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
    return (node.end_lineno or 0) - first.lineno + 1
