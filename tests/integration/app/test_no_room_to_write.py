"""`python -m app` as nobody in particular, with files that it may only read, and where no byte can be written."""

import asyncio
import json
import subprocess
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from app.contract import BackupEnv
from tests.integration.app.platform_parts import READER, Platform
from tests.integration.app.replica_process import ROOT, TOOL_AUDIENCE, Replica, Served, open_replica, run, serve
from tests.unit.app.issuer import open_issuer

pytestmark = pytest.mark.asyncio(loop_scope="module")

USER: Final = 65532
"""Who the image runs as (`Dockerfile`)."""
READ_ONLY: Final = (
    *("unshare", "--user", "--map-root-user", "--mount", "sh", "-c"),
    f'mount -o remount,bind,ro / && exec unshare --user --map-user={USER} --map-group={USER} "$@"',
    "read-only",
)
"""Makes every file read-only, then gives up every right and the user who starts it."""
FULL: Final = ("prlimit", "--fsize=0")
"""Lets no byte be written to any file, as on a disk that is full."""


def tried(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command with `READ_ONLY` files."""
    return subprocess.run([*READ_ONLY, *command], check=False, capture_output=True, text=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replica(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Replica]:
    async with open_issuer() as issuer, open_replica(platform, issuer, tmp_path_factory.mktemp("replica")) as made:
        yield made


async def works(api: Served, mcp: Served) -> None:
    """Require that people are served, and that everything ends in order."""
    async with api.http.post("/api/v1/tasks", json={"title": "Write"}) as answer:
        assert answer.status == 201
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "list_tasks"}}
    async with mcp.http.post("/mcp", json=call, headers={"Accept": "application/json"}) as answer:
        listed = await answer.json()
        assert [task["title"] for task in listed["result"]["structuredContent"]["items"]][:1] == ["Write"]
    for role in (api, mcp):
        async with role.http.get("/health/ready") as answer:
            assert answer.status == 200


@pytest.mark.parametrize("under", [READ_ONLY, FULL], ids=["read-only and without rights", "full"])
async def test_a30_every_role_runs_where_it_can_write_nothing(
    replica: Replica, under: Sequence[str], tmp_path: Path
) -> None:
    if under is READ_ONLY:
        if tried("true").returncode:
            pytest.skip("the kernel gives this user no name spaces")
        assert tried("id", "-u").stdout.strip() == str(USER)
        assert all(tried("touch", str(folder / "new")).returncode for folder in (tmp_path, ROOT))
    code, said, wrong = await run("migrate", replica.migrate(), under=under)
    assert (code, wrong) == (0, ""), said
    tokens = replica.issuer.token(), replica.issuer.token(aud=TOOL_AUDIENCE)
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(serve("api", replica.api(), tokens[0], under=under))
        mcp = await stack.enter_async_context(serve("mcp", replica.mcp(), tokens[1], under=under))
        worker = await stack.enter_async_context(serve("worker", replica.worker("127.0.0.1:1"), under=under))
        await works(api, mcp)
        ended = await asyncio.gather(*(role.stop() for role in (api, mcp, worker)))
    assert [code for code, _ in ended] == [0, 0, 0]


async def test_a30_a_backup_without_room_for_its_files_fails_with_its_reason(replica: Replica) -> None:
    assert (await run("migrate", replica.migrate()))[0] == 0
    environ = {
        **replica.database(READER, "backup"),
        BackupEnv.BACKUP_CONTAINER: "backups",
        BackupEnv.STORAGE_BLOB_ENDPOINT: "https://127.0.0.1:1/",
    }
    code, said, wrong = await run("backup", environ, under=FULL)
    assert (code, wrong) == (1, "")
    last = json.loads(said.splitlines()[-1])
    assert last["level"] == "error"
    assert last["message"].startswith("backup failed: ")
    assert "File too large" in last["message"] or "No usable temporary directory" in last["message"]
