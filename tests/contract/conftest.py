"""The tapes of the three stacks, recorded once."""

import pytest

from tests.tape import STACKS, Tape, released


@pytest.fixture(scope="session")
def tapes() -> dict[str, Tape]:
    """Return the tape of each stack with an image released."""
    recorded = {stack: released(stack) for stack in STACKS}
    assert all(len(tape.registrations) > 20 for tape in recorded.values()), "an empty tape proves nothing"
    return recorded
