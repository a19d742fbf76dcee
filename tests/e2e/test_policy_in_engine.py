"""The policy pack in the real engine: what breaks a rule is not made. What breaks none is, in `stack_cycle.py`."""

import json

import pytest

from tests.e2e.checkout import Checkout

pytestmark = pytest.mark.e2e


def test_up_stops_before_a_resource_that_breaks_a_rule_and_says_why(checkout: Checkout) -> None:
    expiry = r"(?s)(- rule: vault-purge-protection.*?expires: )2027-06-30"
    with checkout.edited("policy/waivers.yaml", expiry, r"\g<1>2026-01-31"):
        done = checkout.run("up")

    assert done.status != 0
    for said in (
        "[mandatory]  vault-purge-protection  (azure-native:keyvault:Vault: vault)",
        "reason: One command would destroy every key for ever.",
        "fix:    Set properties.enablePurgeProtection to true",
        "waiver: expired on 2026-01-31",
    ):
        assert said in done.text
    checkpoint = json.loads(checkout.pulumi("stack export").result)["deployment"]
    made = [resource["type"] for resource in checkpoint["resources"]]
    assert "azure-native:resources:ResourceGroup" in made
    assert "azure-native:keyvault:Vault" not in made


def test_a_preview_before_anything_exists_breaks_no_rule(checkout: Checkout) -> None:
    checkout.run("down")
    done = checkout.run("preview")
    assert done.status == 0, done.text
    assert "[mandatory]" not in done.text
