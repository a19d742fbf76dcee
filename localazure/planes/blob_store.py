"""What one blob container keeps: block blobs with versions, soft delete and immutability, as files in a folder.

The content of a version is a file of its own, and an index says which belongs to what; the index is replaced after
the content is written, so a killed daemon leaves at most a file that nothing names.
"""

import base64
import hashlib
import json
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from localazure.errors import StateError
from localazure.planes.blob_values import DAY_SECONDS, Blob, BlobError, Properties, Rules, Version, blob_of
from localazure.planes.files import write_atomically


class Container:
    """The operations of the data plane on one container.

    Args:
        folder: where the container is kept.
        clock: gives seconds since 1970.

    Raises:
        StateError: the index in the folder cannot be read.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock
        self._blobs: dict[str, Blob] = {}
        index = folder / "index.json"
        try:
            content: dict[str, Any] = json.loads(index.read_text(encoding="utf-8")) if index.exists() else {}
            self._blobs = {name: blob_of(kept) for name, kept in content.items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StateError(f"{index} does not hold the blobs of a container ({error!r}); move it away.") from error

    def find(self, name: str, version: str = "") -> Version:
        """The version of a blob, or for an empty one the current one. Raises BlobError."""
        blob = self._blobs.get(name, Blob(name=name))
        wanted = version or blob.current
        for candidate in blob.versions:
            if candidate.id == wanted and candidate.deleted_at is None:
                return candidate
        raise BlobError(404, "BlobNotFound", "The specified blob does not exist.")

    def current(self, name: str) -> Version | None:
        """The current version of a blob, or None."""
        try:
            return self.find(name)
        except BlobError:
            return None

    def read(self, version: Version, start: int, end: int) -> bytes:
        """The bytes of a version from `start` up to `end`, exclusive."""
        with (self._folder / version.content).open("rb") as file:
            file.seek(start)
            return file.read(end - start)

    def listed(self, rules: Rules, prefix: str) -> Iterator[tuple[str, Version, bool]]:
        """Every version by name, oldest first, the soft-deleted ones too, and whether it is the current one."""
        self._purge_overdue(rules)
        for name in sorted(self._blobs):
            if name.startswith(prefix):
                blob = self._blobs[name]
                yield from ((name, version, version.id == blob.current) for version in blob.versions)

    def put(self, name: str, content: bytes, properties: Properties, rules: Rules) -> Version:
        """Write a blob; what was there becomes an earlier version, if the account keeps versions."""
        self._refuse_overwrite(name, rules)
        file = uuid.uuid4().hex
        self._folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self._folder / file, content)
        return self._add(name, file, hashlib.md5(content, usedforsecurity=False).digest(), properties, rules)

    def stage(self, name: str, block: str, content: bytes) -> None:
        """Keep a block of a blob until a list commits it."""
        folder = self._staging(name)
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / block.encode().hex(), content)

    def commit(self, name: str, blocks: Sequence[str], properties: Properties, rules: Rules) -> Version:
        """Make a blob of staged blocks, in this order. Raises BlobError for one that was not staged."""
        self._refuse_overwrite(name, rules)
        staging = self._staging(name)
        parts = [staging / block.encode().hex() for block in blocks]
        if not all(part.is_file() for part in parts):
            raise BlobError(400, "InvalidBlockList", "The specified block list is invalid.")
        file, digest = uuid.uuid4().hex, hashlib.md5(usedforsecurity=False)
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / file).open("wb") as whole:
            for part in parts:
                content = part.read_bytes()
                digest.update(content)
                whole.write(content)
        version = self._add(name, file, digest.digest(), properties, rules)
        shutil.rmtree(staging, ignore_errors=True)
        return version

    def delete(self, name: str, version: str, rules: Rules) -> None:
        """Delete a version, or for an empty one the blob; with versioning what was current becomes an earlier one."""
        found, blob = self.find(name, version), self._blobs[name]
        if version == blob.current and version:
            text = "Deleting the current version by its id is not allowed; delete the blob."
            raise BlobError(403, "OperationNotAllowedOnRootBlob", text)
        if not version and rules.versioning and not rules.locks_names:
            self._keep(replace(blob, current=None))
            return
        self._refuse_immutable(found, rules)
        current = None if found.id == blob.current else blob.current
        marked = replace(found, deleted_at=self._clock()) if rules.retention_days else None
        versions = tuple(marked if each is found else each for each in blob.versions)
        self._keep(replace(blob, current=current, versions=tuple(each for each in versions if each)))

    def undelete(self, name: str, rules: Rules) -> None:
        """Take soft deletions of a blob and its versions back. Raises BlobError when there is no such blob."""
        self._purge_overdue(rules)
        if name not in self._blobs:
            raise BlobError(404, "BlobNotFound", "The specified blob does not exist.")
        blob = self._blobs[name]
        versions = tuple(replace(version, deleted_at=None) for version in blob.versions)
        current = blob.current if rules.versioning else versions[-1].id
        self._keep(replace(blob, versions=versions, current=current))

    def _add(self, name: str, file: str, md5: bytes, properties: Properties, rules: Rules) -> Version:
        blob, now = self._blobs.get(name, Blob(name=name)), self._clock()
        if blob.versions:  # a version is named by its time
            now = max(now, blob.versions[-1].created + 1e-6)
        added = Version(
            id=_version_id(now),
            content=file,
            size=(self._folder / file).stat().st_size,
            md5=base64.b64encode(md5).decode(),
            created=now,
            properties=properties,
        )
        self._keep(Blob(name=name, versions=(*self._earlier(blob, rules), added), current=added.id))
        return added

    def _earlier(self, blob: Blob, rules: Rules) -> tuple[Version, ...]:
        """What is kept of a blob that is written again; without versioning what it was is deleted."""
        if rules.versioning:
            return blob.versions
        deleted = (replace(v, deleted_at=v.deleted_at or self._clock()) for v in blob.versions)
        return tuple(deleted) if rules.retention_days else ()

    def _refuse_overwrite(self, name: str, rules: Rules) -> None:
        if rules.locks_names and (current := self.current(name)):
            self._refuse_immutable(current, rules)

    def _refuse_immutable(self, version: Version, rules: Rules) -> None:
        # The text: github.com/Azure/azure-powershell/issues/9195.
        if rules.immutability_days and self._clock() < version.created + rules.immutability_days * DAY_SECONDS:
            text = "This operation is not permitted as the blob is immutable due to a policy."
            raise BlobError(409, "BlobImmutableDueToPolicy", text)

    def _purge_overdue(self, rules: Rules) -> None:
        due = self._clock() - rules.retention_days * DAY_SECONDS
        for blob in list(self._blobs.values()):
            kept = tuple(v for v in blob.versions if v.deleted_at is None or v.deleted_at > due)
            if len(kept) < len(blob.versions):
                self._keep(replace(blob, versions=kept))

    def _staging(self, name: str) -> Path:
        return self._folder / "blocks" / hashlib.sha256(name.encode()).hexdigest()

    def _keep(self, blob: Blob) -> None:
        before = self._blobs.get(blob.name, Blob(name=blob.name))
        blobs = {name: kept for name, kept in self._blobs.items() if name != blob.name}
        if blob.versions:
            blobs[blob.name] = blob
        index = {name: asdict(kept) for name, kept in blobs.items()}
        write_atomically(self._folder / "index.json", json.dumps(index).encode())
        self._blobs = blobs
        for gone in {v.content for v in before.versions} - {v.content for v in blob.versions}:
            (self._folder / gone).unlink(missing_ok=True)


def _version_id(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S.%f}0Z"
