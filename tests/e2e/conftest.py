import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from checkout import Checkout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout of its own for the tests of one file; whatever they leave running is ended."""
    folder = tmp_path_factory.mktemp("checkout")
    made = Checkout(folder)
    yield made
    end(made)


def end(checkout: Checkout) -> None:
    """End every process of a checkout's cloud and remove its files."""
    for process in checkout.processes():
        try:
            process.kill()
            process.wait(10)
        except psutil.NoSuchProcess:
            continue
    shutil.rmtree(Path(checkout.folder), ignore_errors=True)
