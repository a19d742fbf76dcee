from collections.abc import Iterator
from typing import Final

import pytest

from tests.e2e.checkout import Checkout

FIRST: Final = ("fresh_clone", "scaling", "stack_prod", "stack_staging", "stack_dev")
"""Files of few tests that take minutes: begun last, one would keep a core waiting for the other."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put them first; the others keep their order."""
    order = {f"test_{name}": place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(FIRST)))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout of its own for the tests of one file; whatever they leave running is ended."""
    folder = tmp_path_factory.mktemp("checkout")
    made = Checkout(folder)
    yield made
    made.end()
