"""One image as an OCI image layout: a folder with `oci-layout`, `index.json` and blobs under their digests.

Follows the pages image-layout, descriptor, manifest, config and layer of opencontainers/image-spec 1.1.
The layer holds the code and its lock file, no base system: interpreter and dependencies come from the machine.
"""

import hashlib
import io
import json
import tarfile
from pathlib import Path, PurePosixPath
from typing import Any, Final

from localazure.containers.errors import InvalidImageError
from localazure.containers.spec import Digest

INDEX_TYPE: Final = "application/vnd.oci.image.index.v1+json"
MANIFEST_TYPE: Final = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE: Final = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE: Final = "application/vnd.oci.image.layer.v1.tar"


def digest_of(content: bytes) -> Digest:
    """The content address of some bytes."""
    return Digest(f"sha256:{hashlib.sha256(content).hexdigest()}")


def pack_layer(files: dict[PurePosixPath, bytes]) -> bytes:
    """A tar whose bytes depend on names and content alone: sorted, no times, no owners, one mode."""
    folders = {parent for path in files for parent in path.parents if parent.name}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(folders | files.keys()):
            entry = tarfile.TarInfo(str(path))
            if path in files:
                entry.mode, entry.size = 0o644, len(files[path])
                tar.addfile(entry, io.BytesIO(files[path]))
            else:
                entry.mode, entry.type = 0o755, tarfile.DIRTYPE
                tar.addfile(entry)
    return packed.getvalue()


def unpack_layer(layer: bytes, folder: Path) -> None:
    """Write the files of a layer below `folder`.

    Raises:
        InvalidImageError: an entry is neither file nor folder, or its name leads out of `folder`.
    """
    with tarfile.open(fileobj=io.BytesIO(layer), mode="r:") as tar:
        for entry in tar:
            path = PurePosixPath(entry.name)
            if path.is_absolute() or ".." in path.parts or not (entry.isfile() or entry.isdir()):
                raise InvalidImageError(f"layer entry {entry.name!r}: only files and folders inside the layer")
            target = folder / path
            (target if entry.isdir() else target.parent).mkdir(parents=True, exist_ok=True)
            if content := tar.extractfile(entry):
                target.write_bytes(content.read())


def layout_files(*, layer: bytes, config: dict[str, Any]) -> tuple[Digest, dict[str, bytes]]:
    """The digest of an image of one layer, and the files of its layout: relative path to content."""
    config_blob = _canonical_json({**config, "rootfs": {"type": "layers", "diff_ids": [digest_of(layer)]}})
    manifest = _canonical_json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": _descriptor(CONFIG_TYPE, config_blob),
            "layers": [_descriptor(LAYER_TYPE, layer)],
        }
    )
    index = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [_descriptor(MANIFEST_TYPE, manifest)]}
    files = {_blob_path(digest_of(blob)): blob for blob in (layer, config_blob, manifest)}
    files["index.json"] = _canonical_json(index)
    files["oci-layout"] = _canonical_json({"imageLayoutVersion": "1.0.0"})
    return digest_of(manifest), files


def read_layout(folder: Path, digest: Digest) -> tuple[bytes, dict[str, Any]]:
    """The layer and the config of an image, every blob checked against its digest.

    Raises:
        InvalidImageError: a blob is not what its digest says.
    """
    manifest = json.loads(_read_blob(folder, digest))
    config = json.loads(_read_blob(folder, manifest["config"]["digest"]))
    return _read_blob(folder, manifest["layers"][0]["digest"]), config


def _descriptor(media_type: str, blob: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(blob), "size": len(blob)}


def _read_blob(folder: Path, digest: str) -> bytes:
    blob = (folder / _blob_path(digest)).read_bytes()
    if digest_of(blob) != digest:
        raise InvalidImageError(f"blob {digest} in {folder} was changed; remove the folder and build again")
    return blob


def _blob_path(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _canonical_json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
