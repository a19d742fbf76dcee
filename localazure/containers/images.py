"""Images are content: built from sources under their true digest, stored, and unpacked to run.

The same sources have the same digest on every machine; one changed byte has another. So a revision that names
a digest runs exactly that code, and two revisions with different code run side by side.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from localazure.containers.atomic import whole_folder
from localazure.containers.dependencies import environment_for
from localazure.containers.errors import ImageNotFoundError, InvalidImageError
from localazure.containers.layout import layout_files, pack_layer, read_layout, unpack_layer
from localazure.containers.spec import Digest

_WORKING_FOLDER: Final = PurePosixPath("srv")
_LOCK: Final = _WORKING_FOLDER / "requirements.txt"
_CONFIG: Final[dict[str, Any]] = {
    "created": "1970-01-01T00:00:00Z",  # a time of day would be a byte that changes
    "architecture": "amd64",
    "os": "linux",
    "config": {
        "Entrypoint": ["python", "-m", "app"],
        "Cmd": ["api"],
        "Env": ["PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1"],
        "ExposedPorts": {"8080/tcp": {}},
        "User": "65532",
        "WorkingDir": f"/{_WORKING_FOLDER}",
    },
}


@dataclass(frozen=True, kw_only=True)
class Rootfs:
    """An unpacked image, ready to run.

    Attributes:
        path: working folder of its processes.
        python: the interpreter that has the image's dependencies; what `python` means inside the image.
        entrypoint, cmd, env: of the image's config.
    """

    path: Path
    python: Path
    entrypoint: tuple[str, ...]
    cmd: tuple[str, ...]
    env: dict[str, str]


class ImageStore:
    """Images by digest below `folder`; dependency environments below `layers`, which stores may share."""

    def __init__(self, folder: Path, layers: Path) -> None:
        self._folder = folder
        self._layers = layers
        self._unpacking = asyncio.Lock()

    def has(self, digest: Digest) -> bool:
        """Whether an image with this digest is here."""
        return self.layout(digest).is_dir()

    def layout(self, digest: Digest) -> Path:
        """The OCI image layout of an image."""
        return self._folder / "images" / digest.removeprefix("sha256:")

    def add(self, layer: bytes) -> Digest:
        """Store an image of one layer and return its digest."""
        digest, files = layout_files(layer=layer, config=_CONFIG)
        if not self.has(digest):
            with whole_folder(self.layout(digest)) as partial:
                for name, content in files.items():
                    (partial / name).parent.mkdir(parents=True, exist_ok=True)
                    (partial / name).write_bytes(content)
        return digest

    async def unpack(self, digest: Digest) -> Rootfs:
        """Unpack an image and install its dependencies; both happen once and are kept.

        Raises:
            ImageNotFoundError: the digest is unknown.
            InvalidImageError: a blob was changed, or the layer would write outside its folder.
            DependencyError: the dependencies could not be installed.
        """
        if not self.has(digest):
            raise ImageNotFoundError(digest, self._folder)
        async with self._unpacking:  # replicas start together; one of them does the work
            return await asyncio.to_thread(self._unpack, digest)

    def _unpack(self, digest: Digest) -> Rootfs:
        layer, image = read_layout(self.layout(digest), digest)
        rootfs = self._folder / "rootfs" / digest.removeprefix("sha256:")
        if not rootfs.is_dir():
            with whole_folder(rootfs) as partial:
                unpack_layer(layer, partial)
        environment = environment_for(rootfs / _LOCK, layers=self._layers)
        config = image["config"]
        return Rootfs(
            path=rootfs / _WORKING_FOLDER,
            python=environment / "bin" / "python",
            entrypoint=tuple(config["Entrypoint"]),
            cmd=tuple(config["Cmd"]),
            env=dict(entry.split("=", 1) for entry in config["Env"]),
        )


def build_image(
    *,
    repository_root: Path,
    store: ImageStore,
    report: Callable[[str], None],
    source: Path = Path("app"),
    lock: Path = Path("requirements/app.txt"),
) -> Digest:
    """Build the image of a Python package and put it into the store.

    Args:
        repository_root: what `source` and `lock` are relative to.
        store: where the image goes.
        report: told what was built, in one line.
        source: the package; becomes `app` in the image. Byte code is left out.
        lock: its dependencies, with hashes.

    Raises:
        InvalidImageError: the sources hold something other than files and folders, or no `__main__.py`.
    """
    package = repository_root / source
    paths = sorted(path for path in package.rglob("*") if "__pycache__" not in path.parts and path.suffix != ".pyc")
    odd = [path for path in paths if path.is_symlink() or not (path.is_file() or path.is_dir())]
    if odd or package / "__main__.py" not in paths:
        wrong = f"take out {', '.join(str(path) for path in odd)}" if odd else "it has no __main__.py"
        raise InvalidImageError(f"{package} cannot become an image: {wrong}. Allowed: files, folders, a __main__.py")
    files = {
        _WORKING_FOLDER / "app" / path.relative_to(package).as_posix(): path.read_bytes()
        for path in paths
        if path.is_file()
    }
    layer = pack_layer({**files, _LOCK: (repository_root / lock).read_bytes()})
    digest = store.add(layer)
    report(f"image {digest}: {len(files)} files, {len(layer)} bytes")
    return digest
