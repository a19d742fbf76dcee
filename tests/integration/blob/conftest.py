import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from blob_harness import Place, open_place

from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import TokenSigner
from localazure.subscription import TENANT_ID


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder that holds keys and nothing else: they take long to make."""
    folder = tmp_path_factory.mktemp("keys")
    CertificateAuthority(folder / "tls")
    TokenSigner(folder / "tokens", TENANT_ID)
    return folder


@pytest.fixture
def state(keys: Path, tmp_path: Path) -> Path:
    return shutil.copytree(keys, tmp_path / "state")


@pytest.fixture
async def place(state: Path) -> AsyncGenerator[Place]:
    """An account with versions and soft delete, its container `backups`, and an identity that may write there."""
    async with open_place(state) as opened:
        yield opened
