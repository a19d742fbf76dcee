import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from jobs_harness import Workshop, open_workshop

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


@pytest.fixture(scope="session")
def image_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder with the images' dependencies, which are none."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def state(keys: Path, tmp_path: Path, image_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(image_cache))
    return shutil.copytree(keys, tmp_path / "state")


@pytest.fixture
async def workshop(state: Path) -> AsyncGenerator[Workshop]:
    """A subscription in which a job may pull its image."""
    async with open_workshop(state) as opened:
        yield opened
