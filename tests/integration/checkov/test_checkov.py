"""Each stack's tape, as an ARM template, before checkov: a second opinion that shares no code with the policy pack.

It sees the inputs of the program and nothing of Azure. What it dislikes and we keep is in `waivers.yaml`, with reasons.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.dependencies import sync_dependencies
from tests.arm_template import arm_template
from tests.tape import DIGEST, ROOT, STACKS, record_main

SECONDS = 240
WAIVERS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "waivers.yaml").read_text())

Finding = tuple[str, str, str]
"""Stack, id of the check, ARM type of the resource."""


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> set[Finding]:
    """What checkov finds in the three templates."""
    sync_dependencies(ROOT, os.environ, lambda _: None, group="checkov", venv=".venv-checkov")
    folder = tmp_path_factory.mktemp("templates")
    for stack in STACKS:
        (folder / f"{stack}.json").write_text(json.dumps(arm_template(record_main(stack, release=DIGEST))))
    command = [ROOT / ".venv-checkov/bin/checkov", "--directory", folder, "--framework", "arm", "--quiet", "--compact"]
    done = subprocess.run(
        [*command, "--output", "json", "--skip-download"], capture_output=True, check=False, text=True, timeout=SECONDS
    )
    assert done.returncode in (0, 1), done.stderr  # 1: there are findings
    report = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > len(STACKS)  # it did look
    return {
        (Path(check["file_path"]).stem, check["check_id"], _type(check["resource"]))
        for check in report["results"]["failed_checks"]
    }


def _type(resource: str) -> str:
    """`Microsoft.KeyVault/vaults` of checkov's `Microsoft.KeyVault/vaults.the-name`."""
    provider, _, rest = resource.partition(".")
    return f"{provider}.{rest.split('.')[0]}"


def _waived() -> Iterator[Finding]:
    for waiver in WAIVERS:
        yield from ((stack, waiver["check"], waiver["type"]) for stack in waiver["stacks"])


def test_checkov_finds_nothing_that_is_not_waived(findings: set[Finding]) -> None:
    assert sorted(findings - set(_waived())) == []


def test_every_waiver_waives_something(findings: set[Finding]) -> None:
    assert sorted(set(_waived()) - findings) == []


@pytest.mark.parametrize("waiver", WAIVERS, ids=lambda waiver: waiver["check"] + waiver["type"])
def test_a_waiver_says_why(waiver: dict[str, Any]) -> None:
    assert len(waiver["reason"].split()) > 4
