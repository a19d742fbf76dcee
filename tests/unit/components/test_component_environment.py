"""The Container Apps environment. Mocks prove construction, nothing of Azure."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from components.environment import Environment, EnvironmentArgs, EnvironmentSettings
from tests.tape import Tape, record
from tests.unit.components.parts import platform, tags

SMALLEST: dict[str, Any] = {
    "public_network_access": "Enabled",
    "internal": False,
    "zone_redundant": False,
    "dedicated_profile": "None",
    "dedicated_minimum": 0,
    "dedicated_maximum": 0,
    "protect": False,
}
EVERYTHING: dict[str, Any] = {
    "public_network_access": "Disabled",
    "internal": True,
    "zone_redundant": True,
    "dedicated_profile": "D4",
    "dedicated_minimum": 3,
    "dedicated_maximum": 6,
    "protect": True,
}


def _tape(values: dict[str, Any]) -> Tape:
    def program() -> None:
        args = EnvironmentArgs(
            platform=platform(), settings=EnvironmentSettings(**values), subnet_id="/subnet", workspace_id="/workspace"
        )
        Environment("environment", args)

    return record(program)


def test_an_environment_lives_in_its_subnet_and_needs_no_workspace_key() -> None:
    environment = _tape(SMALLEST).one("ManagedEnvironment", "environment")
    assert not environment.protect
    assert environment.inputs == {
        "appLogsConfiguration": {"destination": "azure-monitor"},
        "environmentName": "cae-dme-test",
        "infrastructureResourceGroup": "rg-dme-test-managed",
        "peerTrafficConfiguration": {"encryption": {"enabled": True}},
        "publicNetworkAccess": "Enabled",
        "resourceGroupName": "rg-dme-test",
        "tags": tags("environment"),
        "vnetConfiguration": {"infrastructureSubnetId": "/subnet", "internal": False},
        "workloadProfiles": [{"enableFips": False, "name": "Consumption", "workloadProfileType": "Consumption"}],
        "zoneRedundant": False,
    }


def test_everything_is_zone_redundant_internal_and_has_machines_of_its_own() -> None:
    environment = _tape(EVERYTHING).one("ManagedEnvironment", "environment")
    assert environment.protect
    assert environment.inputs["zoneRedundant"] is True
    assert environment.inputs["vnetConfiguration"]["internal"] is True
    assert environment.inputs["workloadProfiles"][1] == {
        "enableFips": False,
        "maximumCount": 6,
        "minimumCount": 3,
        "name": "Dedicated",
        "workloadProfileType": "D4",
    }


def test_its_logs_go_to_the_workspace_in_tables_of_their_own() -> None:
    setting = _tape(SMALLEST).one("DiagnosticSetting", "environment-logs").inputs
    assert setting["resourceUri"].endswith("/cae-dme-test")
    assert setting["workspaceId"] == "/workspace"
    assert setting["logAnalyticsDestinationType"] == "Dedicated"
    assert {log["category"] for log in setting["logs"]} == {"ContainerAppConsoleLogs", "ContainerAppSystemLogs"}


def test_its_domain_and_address_are_outputs() -> None:
    tape = _tape(SMALLEST)
    [outputs] = [found for urn, found in tape.outputs.items() if urn.endswith("Environment::environment")]
    assert outputs["default_domain"] == "cae-dme-test.swedencentral.azurecontainerapps.io"
    assert outputs["static_ip"] == "20.0.0.1"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"public_network_access": "Enabled"}, 'public_network_access: "Enabled" needs an address outside of the net'),
        ({"dedicated_profile": "None"}, "dedicated_minimum: 3 needs machines of its own"),
        ({"dedicated_minimum": 2}, "dedicated_minimum: 2 leaves a zone without a machine .allowed 3-20"),
        ({"dedicated_maximum": 2}, "dedicated_maximum: 2 is too few .allowed 3-20"),
        ({"zone_redundant": False, "dedicated_minimum": 0, "dedicated_maximum": 0}, "0 is too few .allowed 1-20"),
    ],
)
def test_refused_is(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        EnvironmentSettings.model_validate({**EVERYTHING, **changes})


@settings(max_examples=50, deadline=None)
@given(
    profile=st.sampled_from(["None", "D4", "E8"]),
    lowest=st.integers(0, 20),
    highest=st.integers(0, 20),
    zones=st.booleans(),
)
def test_accepted_numbers_of_machines_can_run(profile: str, lowest: int, highest: int, zones: bool) -> None:  # noqa: FBT001 - hypothesis gives it by name
    machines = {"dedicated_profile": profile, "dedicated_minimum": lowest, "dedicated_maximum": highest}
    possible = (lowest == highest == 0) if profile == "None" else (3 if zones else 0) <= lowest <= highest != 0
    try:
        EnvironmentSettings.model_validate({**SMALLEST, **machines, "zone_redundant": zones})
    except ValidationError:
        assert not possible
    else:
        assert possible
