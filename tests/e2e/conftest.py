from collections.abc import Iterator

import pytest

from tests.e2e.checkout import Checkout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout of its own for the tests of one file; whatever they leave running is ended."""
    folder = tmp_path_factory.mktemp("checkout")
    made = Checkout(folder)
    yield made
    made.end()
