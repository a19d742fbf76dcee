"""Where the queue of a stack on Azure is: asks the engine for the group and the Azure CLI for the namespace."""

import os
from pathlib import Path

import pytest

from ops.queue_access import azure_queue
from ops.target import UsageError

pytestmark = pytest.mark.integration


def program(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A shell whose engine knows the outputs of prod."""
    known = '[ "$*" = "stack output --json --stack prod" ]'
    program(tmp_path / "pulumi", f'{known} && echo \'{{"resource_group": "rg-dme-prod"}}\'')
    return {"PATH": f"{tmp_path}{os.pathsep}/usr/bin:/bin", "HOME": "/nowhere"}


def test_the_namespace_of_the_group_is_asked_with_the_login_of_the_azure_cli(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    program(tmp_path / "az", '[ "$5" = rg-dme-prod ] && echo sbns-dme-prod-d7k2')
    access = azure_queue(tmp_path / "pulumi", "prod", environ)
    assert access.host == "sbns-dme-prod-d7k2.servicebus.windows.net"
    assert type(access.credential).__name__ == "AzureCliCredential"


@pytest.mark.parametrize(
    ("az", "told"),
    [
        ("true", "rg-dme-prod has 0 Service Bus namespaces"),
        ("echo not logged in >&2; exit 1", "not logged in"),
    ],
)
def test_what_hinders_is_said(tmp_path: Path, environ: dict[str, str], az: str, told: str) -> None:
    program(tmp_path / "az", az)
    with pytest.raises(UsageError, match=told):
        azure_queue(tmp_path / "pulumi", "prod", environ)


def test_a_missing_azure_cli_is_named(tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="`az` is not on PATH"):
        azure_queue(tmp_path / "pulumi", "prod", {**environ, "PATH": str(tmp_path)})
