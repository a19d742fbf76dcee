"""`make run` on Azure: asks the engine which jobs there are and the Azure CLI to start one; here two that say so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ops.engine import PULUMI_VERSION

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[3]
OUTPUTS = '{"jobs": {"backup": "caj-dme-backup-prod", "migrate": "caj"}, "resource_group": "rg-dme-prod"}'


def program(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with an engine that knows the outputs of prod."""
    version = f'[ "$1" = version ] && echo v{PULUMI_VERSION} && exit'
    known = '[ "$*" = "stack output --json --stack prod" ]'
    program(tmp_path / "pulumi", f"{version}\n{known} && echo '{OUTPUTS}' && exit\necho no such stack >&2\nexit 1")
    return tmp_path


def run(tools: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": f"{tools}{os.pathsep}/usr/bin:/bin", "HOME": "/nowhere", "CLOUD": "azure", "STACK": "prod"}
    command = [sys.executable, "-m", "ops.run_job"]
    return subprocess.run(
        command, cwd=ROOT, env=env | variables, check=False, capture_output=True, text=True, timeout=60
    )


def test_the_job_is_started_by_the_azure_cli_whose_exit_status_is_kept(tools: Path) -> None:
    program(tools / "az", 'echo "asked: $*"\nexit 5')

    done = run(tools, JOB="backup")

    assert done.stdout == "asked: containerapp job start --name caj-dme-backup-prod --resource-group rg-dme-prod\n"
    assert done.returncode == 5


def test_a_missing_azure_cli_is_named_with_what_to_do(tools: Path) -> None:
    done = run(tools, JOB="backup", PATH=str(tools))

    assert done.returncode == 1
    assert "`az` is not on PATH" in done.stderr
    assert "az login" in done.stderr


@pytest.mark.parametrize("job", ["", "clean"])
def test_an_unknown_job_is_refused_with_the_known_ones(tools: Path, job: str) -> None:
    done = run(tools, JOB=job)

    assert done.returncode == 1
    assert f'JOB="{job}" is no job of prod. Allowed: backup, migrate.' in done.stderr


def test_a_stack_whose_outputs_cannot_be_read_is_said_to_be_so(tools: Path) -> None:
    done = run(tools, JOB="backup", STACK="staging")

    assert done.returncode == 1
    assert "the outputs of staging cannot be read:\nno such stack" in done.stderr
