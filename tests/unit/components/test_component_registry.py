"""The container registry. Mocks prove construction, nothing of Azure."""

import pulumi
import pytest
from hypothesis import given, settings, strategies
from pydantic import ValidationError

from components.identity import WorkloadIdentity, WorkloadIdentityArgs
from components.registry import Registry, RegistryArgs, RegistrySettings
from tests.tape import DIGEST, Tape, record, recorded_once
from tests.unit.components.parts import platform, tags

SMALLEST = RegistrySettings(sku="Basic", retention_days=0, zone_redundant=False, private=False, protect=False)
EVERYTHING = RegistrySettings(sku="Premium", retention_days=15, zone_redundant=True, private=True, protect=True)


@recorded_once
def _tape(sized: RegistrySettings) -> Tape:
    def program() -> None:
        place = platform()
        registry = Registry("registry", RegistryArgs(platform=place, settings=sized))
        registry.grant_pull(WorkloadIdentity("pull", WorkloadIdentityArgs(platform=place)))
        pulumi.export("image", registry.image(DIGEST))
        pulumi.export("private", registry.private_link and registry.private_link.service.group_id)

    return record(program)


def test_smallest_has_no_admin_user_no_anonymous_pull_and_no_policies() -> None:
    tape = _tape(SMALLEST)
    registry = tape.one("containerregistry:Registry", "registry")
    assert not registry.protect
    assert registry.inputs == {
        "adminUserEnabled": False,
        "anonymousPullEnabled": False,
        "networkRuleBypassOptions": "AzureServices",
        "publicNetworkAccess": "Enabled",
        "registryName": "acrdmetestabc1",
        "resourceGroupName": "rg-dme-test",
        "sku": {"name": "Basic"},
        "tags": tags("registry"),
        "zoneRedundancy": "Disabled",
    }
    assert tape.exports["image"] == f"acrdmetestabc1.azurecr.io/digitalmee@{DIGEST}"
    assert "private" not in tape.exports


def test_everything_is_private_exports_nothing_and_forgets_what_has_no_tag() -> None:
    tape = _tape(EVERYTHING)
    registry = tape.one("containerregistry:Registry", "registry")
    assert registry.protect
    assert registry.inputs["policies"] == {
        "exportPolicy": {"status": "disabled"},
        "retentionPolicy": {"days": 15, "status": "enabled"},
    }
    assert (registry.inputs["publicNetworkAccess"], registry.inputs["zoneRedundancy"]) == ("Disabled", "Enabled")
    assert tape.exports["private"] == "registry"


def test_an_open_registry_may_be_exported_from() -> None:
    opened = EVERYTHING.model_copy(update={"private": False, "retention_days": 0})
    registry = _tape(opened).one("containerregistry:Registry", "registry")
    assert registry.inputs["policies"] == {
        "exportPolicy": {"status": "enabled"},
        "retentionPolicy": {"days": 0, "status": "disabled"},
    }


def test_pulling_is_granted_on_the_registry() -> None:
    [grant] = _tape(SMALLEST).of("RoleAssignment")
    assert grant.inputs["scope"].endswith("/acrdmetestabc1")
    assert grant.inputs["roleDefinitionId"].endswith("/7f951dda-4ed3-4680-a7ca-43fe172d538d")


@settings(max_examples=40)
@given(
    sku=strategies.sampled_from(["Basic", "Standard", "Premium"]),
    retention_days=strategies.integers(0, 365),
    zone_redundant=strategies.booleans(),
    private=strategies.booleans(),
)
def test_refused_is_below_premium_what_only_premium_can_do(**sized: object) -> None:
    found = {key for key, _ in SMALLEST.model_copy(update=sized).conflicts()}
    asked = {key for key in ("retention_days", "zone_redundant", "private") if sized[key]}
    assert found == (set[str]() if sized["sku"] == "Premium" else asked)


def test_refused_is_a_retention_of_more_than_a_year() -> None:
    with pytest.raises(ValidationError, match="less than or equal to 365"):
        RegistrySettings.model_validate(EVERYTHING.model_dump() | {"retention_days": 366})
