"""Workspace and Application Insights. Mocks prove construction, nothing of Azure."""

import pytest
from pydantic import ValidationError

from components.observability import Observability, ObservabilityArgs, ObservabilitySettings
from tests.tape import Tape, record
from tests.unit.components.parts import platform, tags


def _tape(settings: ObservabilitySettings) -> Tape:
    def program() -> None:
        Observability("observability", ObservabilityArgs(platform=platform(), settings=settings))

    return record(program)


def test_smallest_keeps_logs_for_30_days_under_a_quota() -> None:
    tape = _tape(ObservabilitySettings(retention_days=30, daily_quota_gb=1, protect=False))
    assert tape.one("Workspace", "observability").inputs == {
        "features": {"disableLocalAuth": True, "enableLogAccessUsingOnlyResourcePermissions": True},
        "resourceGroupName": "rg-dme-test",
        "retentionInDays": 30,
        "sku": {"name": "PerGB2018"},
        "tags": tags("observability"),
        "workspaceCapping": {"dailyQuotaGb": 1},
        "workspaceName": "log-dme-test",
    }


def test_everything_is_protected_and_takes_in_without_a_quota() -> None:
    tape = _tape(ObservabilitySettings(retention_days=730, daily_quota_gb=-1, protect=True))
    workspace = tape.one("Workspace", "observability")
    assert workspace.protect
    assert workspace.inputs["workspaceCapping"] == {"dailyQuotaGb": -1}


def test_application_insights_writes_to_the_workspace_and_accepts_no_key() -> None:
    tape = _tape(ObservabilitySettings(retention_days=30, daily_quota_gb=1, protect=False))
    insights = tape.one("Component", "observability-insights").inputs
    assert insights["workspaceResourceId"].endswith("/log-dme-test")
    assert insights["ingestionMode"] == "LogAnalytics"
    assert insights["disableLocalAuth"] is True


def test_refused_is_a_quota_that_takes_nothing_in() -> None:
    with pytest.raises(ValidationError, match="0 would refuse every log line"):
        ObservabilitySettings(retention_days=30, daily_quota_gb=0, protect=False)
