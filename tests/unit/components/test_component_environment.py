"""The Container Apps environment. Mocks prove construction, nothing of Azure."""

from components.environment import Environment, EnvironmentArgs, EnvironmentSettings
from tests.tape import Tape, record
from tests.unit.components.parts import platform, tags


def _tape() -> Tape:
    def program() -> None:
        settings = EnvironmentSettings(public_network_access="Enabled")
        Environment("environment", EnvironmentArgs(platform=platform(), settings=settings, workspace_id="/workspace"))

    return record(program)


def test_an_environment_runs_on_consumption_and_needs_no_workspace_key() -> None:
    assert _tape().one("ManagedEnvironment", "environment").inputs == {
        "appLogsConfiguration": {"destination": "azure-monitor"},
        "environmentName": "cae-dme-test",
        "publicNetworkAccess": "Enabled",
        "resourceGroupName": "rg-dme-test",
        "tags": tags("environment"),
        "workloadProfiles": [{"enableFips": False, "name": "Consumption", "workloadProfileType": "Consumption"}],
    }


def test_its_logs_go_to_the_workspace_in_tables_of_their_own() -> None:
    setting = _tape().one("DiagnosticSetting", "environment-logs").inputs
    assert setting["resourceUri"].endswith("/cae-dme-test")
    assert setting["workspaceId"] == "/workspace"
    assert setting["logAnalyticsDestinationType"] == "Dedicated"
    assert {log["category"] for log in setting["logs"]} == {"ContainerAppConsoleLogs", "ContainerAppSystemLogs"}
