"""The official download, from a server on loopback that is right or wrong in every way a real one can be."""

from pathlib import Path

import pytest

from ops.commands import SetupError
from ops.engine import PULUMI_VERSION
from ops.engine_download import download_engine
from tests.unit.ops.workshop import ARCHIVE, CHECKSUMS, PINNED_ENGINE, Releases


def download(folder: Path, *addresses: str, patience: float = 5) -> Path:
    return download_engine(folder, version=PULUMI_VERSION, releases=addresses, patience=patience, report=lambda _: None)


def test_the_executable_is_taken_out_of_the_archive(tmp_path: Path, releases: Releases) -> None:
    releases.publish()

    engine = download(tmp_path, releases.address)

    assert engine.read_text() == f"#!/bin/sh\n{PINNED_ENGINE}\n"
    assert engine.stat().st_mode & 0o111 == 0o111


def test_what_runs_python_programs_on_azure_is_taken_out_too(tmp_path: Path, releases: Releases) -> None:
    releases.publish()

    engine = download(tmp_path, releases.address)

    assert (engine.parent / "pulumi-language-python").stat().st_mode & 0o111 == 0o111
    assert not (engine.parent / "pulumi-language-go").exists()


def test_the_next_address_is_asked_when_the_first_has_no_release(tmp_path: Path, releases: Releases) -> None:
    releases.publish()

    assert download(tmp_path, f"{releases.address}/elsewhere", releases.address).is_file()


def test_a_missing_release_is_an_error_with_its_address(tmp_path: Path, releases: Releases) -> None:
    with pytest.raises(SetupError, match=f"{releases.address}/{ARCHIVE}: HTTP status 404"):
        download(tmp_path, releases.address)


def test_an_archive_that_was_changed_is_refused(tmp_path: Path, releases: Releases) -> None:
    releases.publish()
    releases.files[ARCHIVE] += b"more"

    with pytest.raises(SetupError, match=r"SHA-256 .* published is .*: refused"):
        download(tmp_path, releases.address)
    assert not (tmp_path / "pulumi").exists()


def test_a_truncated_archive_is_refused(tmp_path: Path, releases: Releases) -> None:
    releases.publish()
    releases.truncated.add(ARCHIVE)

    with pytest.raises(SetupError, match=r"refused|more expected"):
        download(tmp_path, releases.address)
    assert not (tmp_path / "pulumi").exists()


def test_an_archive_without_a_published_checksum_is_not_downloaded(tmp_path: Path, releases: Releases) -> None:
    releases.publish()
    releases.files[CHECKSUMS] = b"00  pulumi-for-another-machine.tar.gz\n"

    with pytest.raises(SetupError, match="not in the published checksums"):
        download(tmp_path, releases.address)
    assert not (tmp_path / ARCHIVE).exists()


def test_an_archive_without_an_engine_is_refused(tmp_path: Path, releases: Releases) -> None:
    releases.publish(members=["pulumi/README"])

    with pytest.raises(SetupError, match="pulumi/pulumi"):
        download(tmp_path, releases.address)


def test_a_server_that_answers_too_slowly_is_given_up(tmp_path: Path, releases: Releases) -> None:
    releases.slow = True

    with pytest.raises(SetupError, match=r"no answer within 0\.2 s"):
        download(tmp_path, releases.address, patience=0.2)


def test_an_unreachable_server_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="refused"):
        download(tmp_path, "http://127.0.0.1:9")
