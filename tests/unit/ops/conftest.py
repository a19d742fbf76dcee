"""A machine of its own for every test of the setup."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.ops.workshop import Releases, Workshop, serve_releases


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    made = Workshop(root=tmp_path)
    (tmp_path / "bin").mkdir()
    made.write("checkout/tools/go.mod", "module tools\n\ngo 1.26\n")
    made.write("checkout/requirements/go.txt", "")
    return made


@pytest.fixture
def releases(monkeypatch: pytest.MonkeyPatch) -> Iterator[Releases]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve_releases() as served:
        yield served
