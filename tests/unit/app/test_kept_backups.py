"""A backup that is found, fetched and checked, on a shelf in memory."""

import gzip
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.jobs.backup import BackupError
from app.jobs.kept_backup import fetch

CSV = b'id,notes\n1,"two\nlines"\n2,"a ""b"", \n\n"\n3,\n'


class Shelf:
    """Files by name."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def put(self, name: str, content: bytes = CSV, **changes: Any) -> None:
        """Put a backup of one table here; its manifest may say something else."""
        file = gzip.compress(content)
        table = {"table": "tasks", "file": "tasks.csv.gz", "rows": 3, "bytes": len(file)}
        table["sha256"] = hashlib.sha256(file).hexdigest()
        of_table = {key: changes.pop(key) for key in ("rows", "sha256") if key in changes}
        said = {"format": 1, "taken_at": "t", "database": "d", "schema_revision": "0001"}
        self.files[f"{name}/tasks.csv.gz"] = file
        self.files[f"{name}/manifest.json"] = json.dumps(said | {"tables": [table | of_table]} | changes).encode()

    async def names(self, prefix: str) -> Sequence[str]:
        return [name for name in self.files if name.startswith(prefix)]

    async def download(self, name: str) -> AsyncIterator[bytes]:
        content = self.files[name]
        for start in range(0, len(content), 7):
            yield content[start : start + 7]


async def test_the_newest_complete_backup_is_fetched_whatever_else_is_there(tmp_path: Path) -> None:
    shelf = Shelf()
    for name in ("20260101T023000Z", "20260102T023000Z", "20260103T023000Z"):
        shelf.put(name)
    del shelf.files["20260103T023000Z/manifest.json"]  # it was cut off
    shelf.files["anchors/manifest.json"] = b"{}"
    backup = await fetch(shelf, "", tmp_path)
    assert backup.name == "20260102T023000Z"
    [table] = backup.manifest.tables
    assert gzip.decompress(backup.file(table).read_bytes()) == CSV


async def test_a_backup_is_fetched_by_its_name(tmp_path: Path) -> None:
    shelf = Shelf()
    for name in ("20260101T023000Z", "20260102T023000Z"):
        shelf.put(name)
    assert (await fetch(shelf, "20260101T023000Z", tmp_path)).name == "20260101T023000Z"


async def test_a_backup_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    shelf = Shelf()
    with pytest.raises(BackupError, match="there is no complete backup"):
        await fetch(shelf, "", tmp_path)
    for day in range(1, 8):
        shelf.put(f"2026010{day}T023000Z")
    with pytest.raises(BackupError) as refusal:
        await fetch(shelf, "../secrets", tmp_path)
    assert str(refusal.value) == (
        '"../secrets" is no complete backup; the newest are '
        "20260107T023000Z, 20260106T023000Z, 20260105T023000Z, 20260104T023000Z, 20260103T023000Z"
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sha256": "0" * 64}, "tasks.csv.gz is damaged"),
        ({"rows": 4}, "has 3 rows, the manifest says 4"),
        ({"format": 2}, "has the format 2, this release reads 1"),
        ({"tables": [{"table": "tasks"}]}, "the manifest of 20260101T023000Z cannot be read"),
        ({"colour": "red"}, "cannot be read"),
    ],
)
async def test_a_backup_that_is_not_what_its_manifest_says_is_refused(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    shelf = Shelf()
    shelf.put("20260101T023000Z", **changes)
    with pytest.raises(BackupError, match=reason):
        await fetch(shelf, "", tmp_path)


async def test_a_manifest_that_is_no_json_is_refused(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.files["20260101T023000Z/manifest.json"] = b"\x00{"
    with pytest.raises(BackupError, match="cannot be read"):
        await fetch(shelf, "", tmp_path)


async def test_an_empty_table_has_no_rows(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.put("20260101T023000Z", b"id,notes\n", rows=0)
    assert (await fetch(shelf, "", tmp_path)).manifest.tables[0].rows == 0
