"""The tapes of the three stacks, recorded once."""

import pickle

import pytest

from ops.locks import exclusive
from tests.tape import STACKS, Tape, released


@pytest.fixture(scope="session")
def tapes(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> dict[str, Tape]:
    """Return the tape of each stack with an image released; of several workers the first that asks records them."""
    base = tmp_path_factory.getbasetemp()
    kept = (base if worker_id == "master" else base.parent) / "tapes.pickle"
    with exclusive(kept.with_suffix(".lock"), print):
        if not kept.exists():
            kept.write_bytes(pickle.dumps({stack: released(stack) for stack in STACKS}))
    recorded: dict[str, Tape] = pickle.loads(kept.read_bytes())  # noqa: S301 - written above, by this run
    assert all(len(tape.registrations) > 20 for tape in recorded.values()), "an empty tape proves nothing"
    return recorded
