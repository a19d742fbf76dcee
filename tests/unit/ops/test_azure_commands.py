"""With CLOUD=azure the commands run plain `pulumi` with the ambient login; here one that says what it was asked."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ops.engine import PULUMI_VERSION
from ops.engine_run import PACK

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH on which `pulumi` answers with its version, or repeats what it was asked."""
    engine = tmp_path / "pulumi"
    engine.write_text(
        f'#!/bin/sh\n[ "$1" = version ] && echo v{PULUMI_VERSION} && exit\n'
        f'[ "$2" = --json ] && echo "$PREVIEW" && exit\necho "asked: $* as $LOGIN"\nexit 7\n'
    )
    engine.chmod(0o755)
    (tmp_path / "pulumi-language-python").symlink_to(engine)
    return f"{tmp_path}{os.pathsep}{os.environ['PATH']}"


def command(verb: str, path: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"ops.{verb}"],
        cwd=ROOT,
        env={
            "CLOUD": "azure",
            "HOME": "/nowhere",
            "LOGIN": "ada",
            "PATH": path,
            "PREVIEW": '{"steps": []}',
            "STACK": "staging",
            **variables,
        },
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("verb", "variables", "asked"),
    [
        ("up", {}, f"up --stack staging --policy-pack {PACK}"),
        ("preview", {}, f"preview --diff --stack staging --policy-pack {PACK}"),
        ("status", {}, "stack --stack staging"),
        ("down", {"DESTROY": "staging"}, "destroy --stack staging"),
    ],
)
def test_the_engine_is_asked_plainly_and_its_exit_status_is_kept(
    path: str, verb: str, variables: dict[str, str], asked: str
) -> None:
    done = command(verb, path, **variables)

    assert done.stdout == f"asked: {asked} as ada\n"
    assert done.returncode == 7


@pytest.mark.parametrize("verb", ["up", "preview", "drift"])
def test_an_engine_without_its_language_host_is_refused_with_the_way_to_a_whole_one(path: str, verb: str) -> None:
    Path(path.split(os.pathsep, maxsplit=1)[0], "pulumi-language-python").unlink()

    done = command(verb, path)

    assert done.returncode == 1
    assert done.stdout == ""
    assert f"sh -s -- --version {PULUMI_VERSION}" in done.stderr


@pytest.mark.parametrize("destroy", ["", "yes", "prod"])
def test_nothing_is_destroyed_on_azure_without_the_name_of_the_stack(path: str, destroy: str) -> None:
    done = command("down", path, DESTROY=destroy)

    assert done.returncode == 1
    assert done.stdout == ""
    assert "destroys everything of staging: the database with its data" in done.stderr
    assert "DESTROY=staging" in done.stderr


@pytest.mark.parametrize("verb", ["env", "logs", "token"])
def test_what_only_the_embedded_cloud_has_is_said_to_be_so(path: str, verb: str) -> None:
    done = command(verb, path)

    assert done.returncode == 1
    assert "Use CLOUD=local" in done.stderr


def test_an_update_that_would_lose_data_does_not_reach_the_engine(path: str) -> None:
    urn = "urn:pulumi:staging::digitalmee::azure-native:dbforpostgresql:Server::database"

    done = command("up", path, PREVIEW=json.dumps({"steps": [{"op": "replace", "urn": urn}]}))

    assert done.returncode == 1
    assert done.stdout == ""
    assert f"this would lose data:\n  replace: {urn}\n" in done.stderr
