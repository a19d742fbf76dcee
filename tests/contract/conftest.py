"""The tapes of the three stacks, recorded once."""

import pytest

from tests.tape import DIGEST, STACKS, Tape, record_main


@pytest.fixture(scope="session")
def tapes() -> dict[str, Tape]:
    """Return the tape of each stack with an image released."""
    recorded = {stack: record_main(stack, release=DIGEST) for stack in STACKS}
    assert all(len(tape.registrations) > 20 for tape in recorded.values()), "an empty tape proves nothing"
    return recorded
