"""Workspace and Application Insights. Mocks prove construction, nothing of Azure."""

from collections.abc import Callable

import pulumi
import pytest
from pydantic import ValidationError

from components.identity import WorkloadIdentity, WorkloadIdentityArgs
from components.observability import Observability, ObservabilityArgs, ObservabilitySettings
from tests.tape import Tape, record, recorded_once
from tests.unit.components.parts import platform, tags

SMALLEST = ObservabilitySettings(retention_days=30, daily_quota_gb=1, sampling_percent=50, protect=False)


@recorded_once
def _tape(settings: ObservabilitySettings) -> Tape:
    def program() -> None:
        Observability("observability", ObservabilityArgs(platform=platform(), settings=settings))

    return record(program)


def test_smallest_keeps_logs_for_30_days_under_a_quota() -> None:
    tape = _tape(SMALLEST)
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
    tape = _tape(ObservabilitySettings(retention_days=730, daily_quota_gb=-1, sampling_percent=50, protect=True))
    workspace = tape.one("Workspace", "observability")
    assert workspace.protect
    assert workspace.inputs["workspaceCapping"] == {"dailyQuotaGb": -1}


def test_application_insights_writes_to_the_workspace_and_accepts_no_key() -> None:
    tape = _tape(SMALLEST)
    insights = tape.one("Component", "observability-insights").inputs
    assert insights["workspaceResourceId"].endswith("/log-dme-test")
    assert insights["ingestionMode"] == "LogAnalytics"
    assert insights["disableLocalAuth"] is True
    assert insights["samplingPercentage"] == 50


def test_refused_is_a_quota_that_takes_nothing_in() -> None:
    with pytest.raises(ValidationError, match="0 would refuse every log line"):
        ObservabilitySettings(retention_days=30, daily_quota_gb=0, sampling_percent=50, protect=False)


def _with(use: Callable[[Observability], None]) -> Tape:
    def program() -> None:
        settings = ObservabilitySettings(retention_days=30, daily_quota_gb=1, sampling_percent=100, protect=False)
        use(Observability("observability", ObservabilityArgs(platform=platform(), settings=settings)))

    return record(program)


def test_telemetry_is_published_by_identity_to_the_address_that_is_put_out() -> None:
    def use(observability: Observability) -> None:
        observability.grant_publish(WorkloadIdentity("api", WorkloadIdentityArgs(platform=platform())))
        pulumi.export("connection_string", observability.connection_string)

    tape = _with(use)
    [grant] = tape.of("RoleAssignment")
    assert grant.inputs["scope"].endswith("/appi-dme-test")
    assert grant.inputs["roleDefinitionId"].endswith("/3913510d-42f4-4e42-8a64-420c390055eb")
    assert tape.exports["connection_string"].startswith("InstrumentationKey=key-of-appi-dme-test;")


def test_each_resource_sends_what_its_kind_has_to_say() -> None:
    def use(observability: Observability) -> None:
        ids = {what: pulumi.Output.from_input(f"/{what}") for what in ("vault", "storage", "cache-database", "api")}
        observability.collect({**ids, "edge": None})

    settings = {item.name: item.inputs for item in _with(use).of("DiagnosticSetting")}
    assert set(settings) == {f"observability-{what}" for what in ("vault", "storage", "cache-database", "api")}
    assert settings["observability-vault"]["logs"] == [{"categoryGroup": "audit", "enabled": True}]
    assert settings["observability-vault"]["metrics"] == [{"category": "AllMetrics", "enabled": True}]
    assert settings["observability-storage"]["resourceUri"] == "/storage/blobServices/default"
    assert settings["observability-cache-database"]["metrics"] == []
    assert settings["observability-api"]["logs"] == []


def _collect_a_toaster(observability: Observability) -> None:
    observability.collect({"toaster": pulumi.Output.from_input("/toaster")})


def test_refused_is_a_resource_of_which_nobody_said_what_it_sends() -> None:
    with pytest.raises(KeyError, match="toaster"):
        _with(_collect_a_toaster)
