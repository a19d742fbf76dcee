"""Other Pulumi programs, other stacks and other checkouts beside this one."""

import json
import textwrap
from pathlib import Path

import pytest

from tests.e2e.api import Api
from tests.e2e.checkout import Checkout

pytestmark = pytest.mark.e2e

PROGRAM = """
    import pulumi
    import pulumi_random as random
    from pulumi_azure_native import authorization, keyvault, resources

    print("said by the program")
    group = resources.ResourceGroup("group")
    password = random.RandomPassword("password", length=24, min_numeric=2)
    vault = keyvault.Vault(
        "vault",
        vault_name="kv-other-program",
        resource_group_name=group.name,
        properties=keyvault.VaultPropertiesArgs(
            tenant_id=authorization.get_client_config().tenant_id,
            sku=keyvault.SkuArgs(family="A", name=keyvault.SkuName.STANDARD),
        ),
    )
    keyvault.Secret(
        "secret",
        secret_name="password",
        vault_name=vault.name,
        resource_group_name=group.name,
        properties=keyvault.SecretPropertiesArgs(value=password.result),
    )
    pulumi.export("group", group.name)
    pulumi.export("password", password.result)
"""
UNKNOWN = """
    import pulumi_azure_native.search as search

    search.Service("search", resource_group_name="any")
"""


@pytest.fixture(scope="module")
def program(checkout: Checkout) -> Path:
    """Another program, in a folder of the checkout's cloud."""
    folder = checkout.folder.parent / f"{checkout.folder.name}-other"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: other\nruntime: python\n")
    (folder / "__main__.py").write_text(textwrap.dedent(PROGRAM))
    return folder


def pulumi(checkout: Checkout, program: Path, command: str) -> str:
    lines = 'eval "$(.venv/bin/python -m ops.env)"; unset PULUMI_OPTION_CONFIG_FILE PULUMI_STACK'
    done = checkout.shell(f"{lines}; cd {program} && pulumi {command}")
    assert done.status == 0, done.text
    return done.text


def test_another_program_deploys_with_plain_pulumi_commands(checkout: Checkout, program: Path) -> None:
    pulumi(checkout, program, "stack init laptop")
    pulumi(checkout, program, "config set azure-native:location westeurope")

    text = pulumi(checkout, program, "up --yes --skip-preview")

    assert "said by the program" in text
    assert "+ 5 created" in text
    assert len(json.loads(pulumi(checkout, program, "stack output --show-secrets --json"))["password"]) == 24
    pulumi(checkout, program, "up --yes --skip-preview --expect-no-changes")


def test_a_generated_password_is_nowhere_in_clear_in_the_checkpoint(checkout: Checkout, program: Path) -> None:
    password = json.loads(pulumi(checkout, program, "stack output --show-secrets --json"))["password"]

    assert password not in pulumi(checkout, program, "stack export")


def test_an_unknown_type_fails_as_not_simulated_with_its_token(checkout: Checkout, program: Path) -> None:
    (program / "__main__.py").write_text(textwrap.dedent(UNKNOWN))

    lines = 'eval "$(.venv/bin/python -m ops.env)"; unset PULUMI_OPTION_CONFIG_FILE PULUMI_STACK'
    done = checkout.shell(f"{lines}; cd {program} && pulumi preview")

    assert done.status != 0
    assert 'Code="NotSimulated"' in done.text
    assert "azure-native:search:Service" in done.text


def test_two_checkouts_run_side_by_side(checkout: Checkout, tmp_path: Path) -> None:
    other = Checkout(tmp_path)
    try:
        other.up()
        checkout.up()
        Api(other).ask("POST", "/api/v1/tasks", {"title": "Mine"})

        assert Api(checkout).ask("GET", "/api/v1/tasks").body["items"] == []
        assert Api(other).url != Api(checkout).url
    finally:
        other.end()


def test_another_stack_deploys_beside_dev_with_the_same_program(checkout: Checkout) -> None:
    text = checkout.up(STACK="staging")

    assert "make -s token STACK=staging" in text
    assert Api(checkout, stack="staging").ask("GET", "/api/v1/tasks").body == {"items": [], "cursor": None}
    assert "nothing of prod runs" in checkout.run("status", STACK="prod").text
    assert checkout.run("down", STACK="staging").status == 0
    assert Api(checkout).ask("GET", "/health/ready").status == 200
