"""The container registry. Mocks prove construction, nothing of Azure."""

from typing import Literal

import pulumi
import pytest

from components.registry import Registry, RegistryArgs, RegistrySettings
from tests.tape import DIGEST, record
from tests.unit.components.parts import platform, tags


@pytest.mark.parametrize(("sku", "protect"), [("Basic", False), ("Premium", True)])
def test_a_registry_has_no_admin_user_and_no_anonymous_pull(sku: Literal["Basic", "Premium"], *, protect: bool) -> None:
    def program() -> None:
        settings = RegistrySettings(sku=sku, protect=protect)
        registry = Registry("registry", RegistryArgs(platform=platform(), settings=settings))
        pulumi.export("image", registry.image(DIGEST))

    tape = record(program)
    registry = tape.one("containerregistry:Registry", "registry")
    assert registry.protect is protect
    assert registry.inputs == {
        "adminUserEnabled": False,
        "anonymousPullEnabled": False,
        "networkRuleBypassOptions": "AzureServices",
        "publicNetworkAccess": "Enabled",
        "registryName": "acrdmetestabc1",
        "resourceGroupName": "rg-dme-test",
        "sku": {"name": sku},
        "tags": tags("registry"),
        "zoneRedundancy": "Disabled",  # the SDK's own default; Azure decides by region
    }
    assert tape.exports["image"] == f"acrdmetestabc1.azurecr.io/digitalmee@{DIGEST}"
