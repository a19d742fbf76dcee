"""A machine without uv: pip puts one into the checkout. Slow, because it is really pip, in an empty environment."""

from pathlib import Path

import pytest

from ops.commands import SetupError
from ops.dependencies import find_uv
from tests.unit.ops.workshop import UV, Workshop

pytestmark = pytest.mark.e2e


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    (tmp_path / "bin").mkdir()
    return Workshop(root=tmp_path)


def test_without_uv_on_path_one_is_installed_into_the_checkout(workshop: Workshop) -> None:
    uv = workshop.wheel("uv", {"uv-1.0.data/scripts/uv": f'#!/bin/sh\nexec {UV} "$@"\n'})
    workshop.write("checkout/requirements/uv.txt", uv)

    found = find_uv(workshop.checkout, workshop.environ, workshop.told.append)

    assert found == workshop.checkout / ".uv" / "venv" / "bin" / "uv"
    assert workshop.told == ["no uv on PATH: installing one into .uv/"]
    assert find_uv(workshop.checkout, workshop.environ, workshop.told.append) == found
    assert len(workshop.told) == 1


def test_a_uv_that_cannot_be_installed_is_an_error_with_what_to_do(workshop: Workshop) -> None:
    workshop.write("checkout/requirements/uv.txt", f"uv==1.0 --hash=sha256:{64 * '0'}\n")

    with pytest.raises(SetupError, match=r"(?s)no uv on PATH, and requirements/uv\.txt.*PIP_INDEX_URL"):
        find_uv(workshop.checkout, workshop.environ, workshop.told.append)
