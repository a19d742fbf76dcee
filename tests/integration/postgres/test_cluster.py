"""What a killed daemon may leave, and what the installation may lack."""

import asyncio
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from localazure.errors import StateError
from localazure.postgres.account import server_account
from localazure.postgres.binaries import Binaries, find_binaries, nearest
from localazure.postgres.cluster import Cluster
from localazure.postgres.connection import connect


@pytest.mark.parametrize(("asked", "taken"), [(15, 15), (16, 16), (17, 18), (18, 18), (11, 15), (99, 18)])
def test_the_nearest_version_is_taken_and_of_two_the_newer(asked: int, taken: int) -> None:
    found = [Binaries(folder=Path("/"), version=version) for version in ("15.18", "16.9", "18.4")]
    assert nearest(found, asked).major == taken


async def test_a_server_left_on_the_data_is_stopped_first(tmp_path: Path) -> None:
    cluster = Cluster(find_binaries(18), tmp_path)
    await cluster.start()
    await cluster.stop()
    postgres = str(find_binaries(18).folder / "postgres")
    left = await asyncio.create_subprocess_exec(
        *server_account().command(postgres, "-D", str(tmp_path / "data"), "-c", "unix_socket_directories="), stderr=PIPE
    )
    assert left.stderr is not None
    await asyncio.wait_for(left.stderr.readuntil(b"ready to accept connections"), 20)
    await cluster.start()
    await asyncio.wait_for(left.wait(), 20)  # its exit status is lost: psutil has waited for it too
    connection = await connect(cluster.sockets)
    assert await connection.fetchval("SHOW listen_addresses") == ""
    await connection.close()
    await cluster.stop()
    assert not cluster.sockets.exists()


async def test_an_interrupted_initialisation_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "data.draft").mkdir()
    (tmp_path / "data.draft" / "half").touch()
    cluster = Cluster(find_binaries(18), tmp_path)
    await cluster.start()
    await cluster.stop()
    assert not (tmp_path / "data" / "half").exists()


async def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    cluster = Cluster(find_binaries(18), tmp_path)
    await cluster.start()
    await cluster.stop()
    (tmp_path / "data" / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(StateError, match=r"not compatible"):
        await asyncio.wait_for(cluster.start(), 20)
    assert not cluster.sockets.exists()


def test_a_folder_of_someone_else_is_not_used_for_sockets(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "trap").symlink_to(tmp_path / "own")
    with pytest.raises(StateError, match="trap is not a folder"):
        server_account().own(tmp_path / "trap")
