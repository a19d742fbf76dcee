from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import TokenSigner
from tests.integration.bus.bus_harness import Bus, started


@pytest.fixture(scope="session")
def bus_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys of the authority and the tenant: they take long to make."""
    folder = tmp_path_factory.mktemp("bus-keys")
    CertificateAuthority(folder / "tls")
    TokenSigner(folder / "tokens", "tenant")
    return folder


@pytest.fixture
async def bus(bus_keys: Path, tmp_path: Path) -> AsyncGenerator[Bus]:
    async with started(bus_keys, tmp_path / "bus.db") as made:
        yield made
