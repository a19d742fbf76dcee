"""Images: proves the layout on disk against the OCI image spec; no registry is involved."""

import asyncio
import hashlib
import io
import json
import sys
import tarfile
from pathlib import Path

import pytest

from localazure.containers.atomic import whole_folder
from localazure.containers.errors import DependencyError, ImageNotFoundError, InvalidImageError
from localazure.containers.images import ImageStore, build_image
from localazure.containers.layout import digest_of
from localazure.containers.spec import Digest


@pytest.fixture
def own_store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images", layers=tmp_path / "layers")


def sources(root: Path, *, lock: str = "", **files: str) -> Path:
    for name, content in {"app/__main__.py": "", "requirements/app.txt": lock, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


def built(root: Path, store: ImageStore) -> Digest:
    return build_image(repository_root=root, store=store, report=lambda _: None)


def test_the_same_sources_have_the_same_digest_wherever_and_whenever_they_were_written(
    tmp_path: Path, own_store: ImageStore
) -> None:
    one = sources(tmp_path / "one", **{"app/a.py": "a", "app/deep/b.py": "b"})
    two = sources(tmp_path / "elsewhere", **{"app/deep/b.py": "b", "app/a.py": "a"})
    (two / "app" / "a.py").chmod(0o700)
    (two / "app" / "__pycache__").mkdir()
    (two / "app" / "__pycache__" / "a.cpython-311.pyc").write_bytes(b"x")

    assert built(one, own_store) == built(two, own_store)


@pytest.mark.parametrize(
    "change", [{"app/a.py": "A"}, {"app/b.py": "a"}, {"requirements/app.txt": "#"}], ids=["byte", "name", "lock"]
)
def test_any_change_of_the_sources_changes_the_digest(
    tmp_path: Path, own_store: ImageStore, change: dict[str, str]
) -> None:
    before = built(sources(tmp_path, **{"app/a.py": "a"}), own_store)

    assert built(sources(tmp_path, **change), own_store) != before


def test_the_digest_of_a_known_tree_is_this_one(tmp_path: Path, own_store: ImageStore) -> None:
    """Pins the bytes across machines and Python versions; changes only with the image format."""
    digest = built(sources(tmp_path, **{"app/a.py": "a"}), own_store)

    assert digest == "sha256:d9c662a934acf543db6c46f10774ddca6c914f2080affa35e252e30a8a304be5"


def test_a_stored_image_is_a_valid_oci_layout(digest: Digest, store: ImageStore) -> None:
    folder = store.layout(digest)

    def blob(descriptor: dict[str, str | int]) -> bytes:
        content = (folder / "blobs" / str(descriptor["digest"]).replace(":", "/")).read_bytes()
        assert (digest_of(content), len(content)) == (descriptor["digest"], descriptor["size"])
        return content

    assert json.loads((folder / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    index = json.loads((folder / "index.json").read_text())
    assert [entry["digest"] for entry in index["manifests"]] == [digest]
    manifest = json.loads(blob(index["manifests"][0]))
    assert (index["mediaType"], manifest["mediaType"], manifest["config"]["mediaType"]) == (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.config.v1+json",
    )
    assert [layer["mediaType"] for layer in manifest["layers"]] == ["application/vnd.oci.image.layer.v1.tar"]
    layer, config = blob(manifest["layers"][0]), json.loads(blob(manifest["config"]))
    assert config["rootfs"] == {
        "type": "layers",
        "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"],
    }
    assert config["config"]["User"] == "65532"
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        assert {(entry.mtime, entry.uid, entry.gid, entry.uname) for entry in tar} == {(0, 0, 0, "")}


async def test_an_image_unpacks_once_to_its_files_and_an_interpreter_of_its_own(
    digest: Digest, store: ImageStore
) -> None:
    rootfs = await store.unpack(digest)
    again = await store.unpack(digest)

    assert (rootfs.path / "app" / "version.txt").read_text() == "1"
    assert (rootfs.entrypoint, rootfs.cmd) == (("python", "-m", "app"), ("api",))
    assert rootfs.python.is_file()
    assert rootfs.python != Path(sys.executable)
    assert again == rootfs


async def test_two_stores_that_race_make_one_dependency_environment(tmp_path: Path) -> None:
    stores = [ImageStore(tmp_path / name, layers=tmp_path / "layers") for name in ("one", "two")]
    digests = [built(sources(tmp_path / "source"), store) for store in stores]

    one, two = await asyncio.gather(*(s.unpack(d) for s, d in zip(stores, digests, strict=True)))

    assert one.python == two.python
    assert {path.split("/")[0] for path in names_below(tmp_path / "layers")} == {one.python.parts[-3]}


async def test_an_unknown_digest_is_refused_by_name(own_store: ImageStore) -> None:
    with pytest.raises(ImageNotFoundError, match="no image sha256:beef"):
        await own_store.unpack(Digest("sha256:beef"))


async def test_a_lock_without_hashes_is_refused_with_the_words_of_uv(tmp_path: Path, own_store: ImageStore) -> None:
    digest = built(sources(tmp_path, lock="anyio==4.0.0\n"), own_store)

    with pytest.raises(DependencyError, match="require-hashes"):
        await own_store.unpack(digest)

    assert [path for path in names_below(tmp_path) if path.startswith("layers/")] == []


@pytest.mark.parametrize("name", ["../evil", "/evil", "srv/../../evil"])
async def test_a_layer_that_writes_outside_its_folder_is_refused(
    tmp_path: Path, own_store: ImageStore, name: str
) -> None:
    digest = own_store.add(layer_of(tarfile.TarInfo(name)))

    with pytest.raises(InvalidImageError, match="evil"):
        await own_store.unpack(digest)

    assert [path for path in names_below(tmp_path) if "evil" in path or "rootfs/" in path] == []


async def test_a_layer_with_a_link_is_refused(own_store: ImageStore) -> None:
    link = tarfile.TarInfo("srv/link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"

    with pytest.raises(InvalidImageError, match="srv/link"):
        await own_store.unpack(own_store.add(layer_of(link)))


async def test_a_changed_blob_is_refused(tmp_path: Path, own_store: ImageStore) -> None:
    digest = built(sources(tmp_path), own_store)
    for blob in own_store.layout(digest).glob("blobs/sha256/*"):
        blob.write_bytes(blob.read_bytes().replace(b"app", b"bad"))

    with pytest.raises(InvalidImageError, match="was changed"):
        await own_store.unpack(digest)


def test_sources_with_a_link_are_refused(tmp_path: Path, own_store: ImageStore) -> None:
    (sources(tmp_path) / "app" / "link.py").symlink_to("__main__.py")

    with pytest.raises(InvalidImageError, match=r"link\.py"):
        built(tmp_path, own_store)


def test_an_interrupted_build_leaves_nothing(tmp_path: Path) -> None:
    def build_half() -> None:
        with whole_folder(tmp_path / "image") as partial:
            (partial / "half").write_text("x")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_half()

    assert list(tmp_path.iterdir()) == []


def names_below(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*")]


def layer_of(entry: tarfile.TarInfo) -> bytes:
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        tar.addfile(entry)
    return layer.getvalue()
