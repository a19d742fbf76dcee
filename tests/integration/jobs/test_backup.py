"""The backup against a real PostgreSQL and the blob data plane, with the official SDK between them."""

import csv
import gzip
import hashlib
import io
import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from backup_scene import Scene, open_scene

from app.jobs.backup import BackupError
from app.storage.schema import NEWEST
from tests.integration.blob.blob_harness import content_of, names_in

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADD = (
    "insert into tasks (issuer, subject, id, title, notes, status, created_at, updated_at, version) "
    "values ('i', 's', gen_random_uuid(), $1, $2, 'open', now(), now(), 1)"
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Scene]:
    """A database with three tasks."""
    async with open_scene(tmp_path_factory.mktemp("state")) as opened:
        for title, notes in (("first", None), ('a "b", c', "two\nlines"), ("ä", "")):
            await opened.execute(ADD, title, notes)
        yield opened


async def files_of(scene: Scene, folder: str) -> dict[str, bytes]:
    """Content by name of what a backup has written."""
    async with scene.place.backups() as client:
        names = await names_in(client, name_starts_with=f"{folder}/")
        return {name.removeprefix(f"{folder}/"): await content_of(client, name) for name in names}


def rows_in(content: bytes) -> list[dict[str, str]]:
    """The rows of a table's file."""
    return list(csv.DictReader(io.StringIO(gzip.decompress(content).decode(), newline="")))


async def test_a_backup_holds_every_row_and_says_what_it_holds(scene: Scene) -> None:
    await scene.back_up(now=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    files = await files_of(scene, "20260102T030405Z")
    manifest: dict[str, Any] = json.loads(files["manifest.json"])
    assert (manifest["database"], manifest["schema_revision"]) == ("digitalmee", NEWEST)
    assert manifest["taken_at"] == "2026-01-02T03:04:05+00:00"
    [table] = [each for each in manifest["tables"] if each["table"] == "tasks"]
    content = files[table["file"]]
    assert (table["rows"], table["bytes"]) == (3, len(content))
    assert table["sha256"] == hashlib.sha256(content).hexdigest()
    assert files.keys() == {"manifest.json", *(each["file"] for each in manifest["tables"])}
    assert sorted(row["title"] for row in rows_in(content)) == ['a "b", c', "first", "ä"]


async def test_a_backup_is_read_back_to_equal_rows(scene: Scene, tmp_path: Path) -> None:
    now = datetime(2026, 2, 2, tzinfo=UTC)
    await scene.back_up(now=now)
    files = await files_of(scene, "20260202T000000Z")
    copy = tmp_path / "tasks.csv"
    copy.write_bytes(gzip.decompress(files["tasks.csv.gz"]))
    await scene.execute("create schema elsewhere; create table elsewhere.restored (like tasks)")
    await scene.copy_in("elsewhere", "restored", copy)
    assert await scene.value("select count(*) from elsewhere.restored") == 3
    missing = "select * from tasks except select * from elsewhere.restored"
    assert await scene.value(f"select count(*) from ({missing}) as missing") == 0  # noqa: S608 - constants


async def test_a_backup_never_overwrites_another(scene: Scene) -> None:
    now = datetime(2026, 3, 3, tzinfo=UTC)
    await scene.back_up(now=now)
    before = await files_of(scene, "20260303T000000Z")
    with pytest.raises(BackupError, match=r"20260303T000000Z/\w+\.csv\.gz is there already"):
        await scene.back_up(now=now)
    assert await files_of(scene, "20260303T000000Z") == before


async def test_a_backup_that_cannot_be_finished_has_no_manifest(scene: Scene) -> None:
    async with scene.place.backups() as client:
        await client.upload_blob("20260404T000000Z/tasks.csv.gz", b"of another")
    with pytest.raises(BackupError):
        await scene.back_up(now=datetime(2026, 4, 4, tzinfo=UTC))
    assert "manifest.json" not in await files_of(scene, "20260404T000000Z")


async def test_the_job_backs_up_as_its_managed_identity(scene: Scene) -> None:
    code, said = await scene.run()
    assert code == 0, said
    [done] = [line for line in map(json.loads, said.splitlines()) if line["message"] == "backed up"]
    files = await files_of(scene, done["folder"])
    manifest: dict[str, Any] = json.loads(files["manifest.json"])
    assert files.keys() == {"manifest.json", *(table["file"] for table in manifest["tables"])}
    assert done["rows"] == 3


async def test_the_job_fails_with_one_line_when_it_may_not_write(scene: Scene) -> None:
    [role] = scene.place.azure.find("authorization:RoleAssignment")
    await scene.place.azure.delete(role.id)
    try:
        code, said = await scene.run()
    finally:
        await scene.place.allow()
    assert code == 1
    [line] = said.splitlines()
    assert "backup failed" in line
    assert "AuthorizationPermissionMismatch" in line
