import shutil
import ssl
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import aiohttp
import pytest
import trustme
from containers_harness import Front

from localazure.containers.images import ImageStore, build_image
from localazure.containers.ingress import Ingress
from localazure.containers.revision import Revision
from localazure.containers.spec import Digest, RevisionSpec

SERVICE = Path(__file__).parent / "service"


@pytest.fixture(scope="session")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="session")
def store(store_folder: Path) -> ImageStore:
    return ImageStore(store_folder / "images", layers=store_folder / "layers")


@pytest.fixture(scope="session")
def build(store: ImageStore, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Digest]:
    """Builds the test service with another content for each version."""

    def build_version(version: str) -> Digest:
        root = tmp_path_factory.mktemp("source")
        shutil.copytree(SERVICE, root / "service", ignore=shutil.ignore_patterns("__pycache__"))
        (root / "service" / "version.txt").write_text(version)
        lock = Path("service/requirements.txt")
        return build_image(repository_root=root, store=store, report=lambda _: None, source=Path("service"), lock=lock)

    return build_version


@pytest.fixture(scope="session")
def digest(build: Callable[[str], Digest]) -> Digest:
    return build("1")


@pytest.fixture
async def revision_of(store: ImageStore, tmp_path: Path) -> AsyncGenerator[Callable[[RevisionSpec], Revision]]:
    """Makes revisions that are stopped at the end of the test."""
    revisions: list[Revision] = []

    def make(spec: RevisionSpec) -> Revision:
        revisions.append(Revision(spec, store=store, logs=tmp_path / "logs"))
        return revisions[-1]

    yield make
    for revision in revisions:
        await revision.stop(drain_seconds=0)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def tls(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate = tmp_path_factory.mktemp("tls") / "certificate.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    context.load_cert_chain(certificate)
    return context


@pytest.fixture(scope="session")
def trust(authority: trustme.CA) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())


@pytest.fixture
async def front(trust: ssl.SSLContext, tls: ssl.SSLContext) -> AsyncGenerator[Front]:
    ingress = Ingress("shop", tls=tls)
    await ingress.start()
    connector = aiohttp.TCPConnector(ssl=trust)
    async with aiohttp.ClientSession(f"https://{ingress.address}", connector=connector) as client:
        yield Front(ingress, client)
    await ingress.close()
