"""What each stack declares, compared as a whole. `make golden` rewrites; the diff is the review.

Mocks prove construction: neither the engine's behaviour nor Azure's.
"""

import difflib

import pytest

from tests.configuration import PAGE, page
from tests.stack_schema import SCHEMA, text
from tests.tape import DIGEST, GOLDEN, STACKS, Tape, record_main, render


def _difference(expected: str, actual: str, name: str) -> str:
    lines = difflib.unified_diff(expected.splitlines(), actual.splitlines(), f"golden {name}", "this program", n=8)
    return "\n".join(lines)


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_declares_what_its_golden_tape_says(tapes: dict[str, Tape], stack: str) -> None:
    difference = _difference((GOLDEN / f"{stack}.yaml").read_text(), render(tapes[stack]), stack)
    assert not difference, f"`make golden` accepts this:\n{difference}"


def test_the_configuration_page_is_current() -> None:
    difference = _difference(PAGE.read_text(), page(), PAGE.name)
    assert not difference, f"`make golden` accepts this:\n{difference}"


def test_the_schema_of_the_stack_files_is_current() -> None:
    difference = _difference(SCHEMA.read_text(), text(), SCHEMA.name)
    assert not difference, f"`make golden` accepts this:\n{difference}"


def test_the_same_program_makes_the_same_tape(tapes: dict[str, Tape]) -> None:
    assert render(record_main("dev", release=DIGEST)) == render(tapes["dev"])
