"""What documents name must exist, and what people may use must be documented.

Proves names, not prose: whether a sentence is true is for reviewers.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from tests.tape import ROOT

DOCUMENTS: Final = [
    *(Path(name) for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted(path.relative_to(ROOT) for path in (ROOT / "docs").rglob("*.md")),
]
MADE_BY_COMMANDS: Final = (".localazure", ".venv", ".uv")
SEED_LINES: Final = {"4.1": (12, 7, 6), "4.2": (11, 6, 6), "4.3": (11, 6, 6), "4.4": (12, 6, 6)}
"""Tasks, deliverables and acceptance criteria of each section of the plan, counted there."""

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=str)


def _text(document: Path) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def _without_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def _spans(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", _without_blocks(text))


def _code(text: str) -> str:
    return "\n".join([*re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL), *_spans(text)])


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", _without_blocks(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _exists(name: str) -> bool:
    """Tell whether a name is a path here, or the bare name of a module or document somewhere here."""
    if (ROOT / name).exists() or ("*" in name and any(ROOT.glob(name))):
        return True
    return "/" not in name and any(ROOT.glob(f"[!.]*/**/{name}"))


def _named_files(text: str) -> Iterator[str]:
    """Yield the code spans that are paths of this repository, or names of modules and documents."""
    top = {path.name for path in ROOT.iterdir()}
    for span in _spans(text):
        path = span.partition("::")[0]
        if not re.fullmatch(r"[\w.*/-]+", path) or path.startswith(MADE_BY_COMMANDS):
            continue
        if path.split("/")[0] in top or path.endswith((".py", ".md", ".yaml", ".toml")):
            yield path


@each_document
def test_every_named_file_exists(document: Path) -> None:
    assert not [name for name in _named_files(_text(document)) if not _exists(name)]


@each_document
def test_every_link_leads_somewhere(document: Path) -> None:
    prose = re.sub(r"`[^`\n]+`", "", _without_blocks(_text(document)))
    targets: list[str] = re.findall(r"\]\(([^)\s]+)\)", prose)
    broken: list[str] = []
    for target in targets:
        link = urlsplit(target)
        page = (ROOT / document).parent / link.path if link.path else ROOT / document
        if link.scheme:
            continue
        if not page.exists() or (link.fragment and link.fragment not in _anchors(page.read_text(encoding="utf-8"))):
            broken.append(target)
    assert not broken


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@each_document
def test_every_make_command_is_a_target(document: Path) -> None:
    named = re.findall(r"(?<![\w-])make (?:-s )?([a-z0-9-]+)\b", _code(_text(document)))
    assert not set(named) - _targets()


def test_every_target_has_its_row_in_the_readme() -> None:
    rows = re.findall(r"^\| .*`make ([a-z0-9-]+)` \|", _text(Path("README.md")), re.MULTILINE)
    assert sorted(rows) == sorted(_targets())


def _variables() -> set[str]:
    """Return what `ops/` takes by name from the environment, and what the Makefile lets people set."""
    found = set(re.findall(r"^([A-Z]+) \?=", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for path in (*(ROOT / "ops").glob("*.py"), ROOT / "localazure" / "user_cache.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(value=source, attr="get"), args=[ast.Constant(value=str(name)), *_]):
                    found |= {name} if ast.unparse(source).endswith("environ") else set()
                case ast.Subscript(value=source, slice=ast.Constant(value=str(name))):
                    found |= {name} if ast.unparse(source).endswith("environ") else set()
                case _:
                    pass
    return found


def test_the_variables_in_the_readme_are_those_that_are_read() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \|", _text(Path("README.md")), re.MULTILINE)
    assert sorted(rows) == sorted(_variables())


@each_document
def test_no_path_of_one_machine_is_named(document: Path) -> None:
    assert not re.findall(r"(?<![\w.~/-])/(?:home|root|Users|tmp|work)(?:/[\w.-]*)?", _text(document))


def test_the_value_of_the_readme_stands_in_the_four_files_it_names() -> None:
    section = _text(Path("README.md")).partition("## One value, four files")[2].partition("\n## ")[0]
    named = re.findall(r"^\d\. `([^`]+)`", section, re.MULTILINE)

    assert len(named) == 4
    assert all("audience" in _text(Path(name)) for name in named)
    assert all("TOKEN_AUDIENCE" in _text(Path(name)) for name in [*named[2:], "app/contract.py"])


def _coverage() -> Iterator[tuple[str, list[str]]]:
    """Yield the rows of the coverage page, each with the number of its section."""
    section = ""
    for line in _text(Path("docs/seed-coverage.md")).splitlines():
        if line.startswith("### "):
            section = line.removeprefix("### ")
        elif line.startswith("| ") and not line.startswith("| the plan says"):
            yield section, [cell.strip() for cell in line.strip("|").split(" | ")]


def test_the_coverage_page_has_every_line_of_the_plan() -> None:
    sections = [section for section, _ in _coverage()]
    kinds = ("Tasks", "Deliverables", "Acceptance")
    expected = {
        f"{kind} of {n}": count for n, counts in SEED_LINES.items() for kind, count in zip(kinds, counts, strict=True)
    }
    assert {section: sections.count(section) for section in sections} == expected


def test_every_line_of_the_coverage_page_keeps_its_promise() -> None:
    for _, (line, files, tests, state) in _coverage():
        assert re.fullmatch(r"done|(partly|not yet) \(.*(#[345]|no issue).*\)", state), f"{line}: {state}"
        assert _spans(files) or not state.startswith(("done", "partly")), f"{line}: {state} without a file"
        assert _spans(tests) or not state.startswith(("done", "partly")), f"{line}: {state} without a test"


def test_every_test_of_the_coverage_page_exists() -> None:
    named = {span for _, (_, _, tests, _) in _coverage() for span in _spans(tests)}
    assert named
    assert not [name for name in sorted(named) if not _is_test(name)]


def _is_test(name: str) -> bool:
    path, _, function = name.partition("::")
    if not (ROOT / path).is_file():
        return False
    tree = ast.parse(_text(Path(path)))
    return any(isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)) and n.name == function for n in ast.walk(tree))
