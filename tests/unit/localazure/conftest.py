import shutil
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from localazure.azure import Azure
from localazure.planes.tls import CertificateAuthority
from localazure.planes.tokens import TokenSigner
from localazure.runtime import Runtime
from localazure.services.catalog import TYPES
from localazure.store import Store
from localazure.subscription import TENANT_ID
from tests.unit.localazure.app_platform import Platform, build
from tests.unit.localazure.arm import ACR_PULL, create, grant


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
async def azure(state: Path) -> AsyncGenerator[Azure]:
    """An empty subscription over the real runtime."""
    store = Store(state / "azure.json")
    async with Runtime.open(state, TENANT_ID, store) as runtime:
        opened = Azure(store, runtime, TYPES)
        yield opened
        await opened.stop()


@pytest.fixture(scope="session")
def image_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder with the images' dependencies, which are none."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def own_cache(image_cache: Path) -> Iterator[None]:
    """Keep images out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(image_cache))
        yield


@pytest.fixture
async def platform(own_cache: None, azure: Azure, tmp_path: Path) -> Platform:
    """What a container app needs."""
    del own_cache
    identity = await create(azure, "managedidentity:UserAssignedIdentity")
    await grant(azure, identity, ACR_PULL, await create(azure, "containerregistry:Registry"))
    environment = await create(azure, "app:ManagedEnvironment")
    return Platform(azure, build(azure.runtime.images, tmp_path / "source"), identity, environment)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave to `make integration` what opens every server of the embedded cloud."""
    for item in items:
        if "azure" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.integration)
