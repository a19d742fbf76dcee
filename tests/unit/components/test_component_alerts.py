"""Alerts: groups, rules and the budget as resources. Mocks prove construction, nothing of Azure."""

import re
from typing import Any

import pulumi
import pytest
from pydantic import ValidationError

from components.alerting.alerts import Alerts, AlertsArgs, AlertsSettings
from components.alerting.metric_rules import VAULT_RULES
from components.observability import Observability, ObservabilityArgs, ObservabilitySettings
from tests.computed import PREFIX
from tests.tape import SUBSCRIPTION, Tape, record
from tests.unit.components.parts import platform, tags

VALUES: dict[str, Any] = {
    "enabled": True,
    "pages": True,
    "page_email": "pager@example.com",
    "page_webhook": "none",
    "ticket_email": "team@example.com",
    "availability_percent": 99.9,
    "minimum_requests": 100,
    "latency_ms": 500,
    "ingestion_gb_per_day": 2.0,
    "budget_per_month": 500,
}


def _tape(*, is_public: bool = True, **changes: Any) -> Tape:
    def program() -> None:
        place = platform()
        observability = Observability(
            "observability",
            ObservabilityArgs(
                platform=place,
                settings=ObservabilitySettings(
                    retention_days=30, daily_quota_gb=1, sampling_percent=100, protect=False
                ),
            ),
        )
        alerts = Alerts(
            "alerts",
            AlertsArgs(
                platform=place,
                settings=AlertsSettings.model_validate({**VALUES, **changes}),
                observability=observability,
                is_public=is_public,
            ),
        )
        alerts.watch("vault", pulumi.Output.from_input("/vault"), VAULT_RULES)
        alerts.probe("api", "https://api.example.com/health/ready")

    return record(program)


@pytest.fixture(scope="module")
def tape() -> Tape:
    return _tape()


def test_one_group_wakes_people_up_and_one_files_work(tape: Tape) -> None:
    page, ticket = tape.one("ActionGroup", "alerts-page").inputs, tape.one("ActionGroup", "alerts-ticket").inputs
    assert page["emailReceivers"][0]["emailAddress"] == "pager@example.com"
    assert ticket["emailReceivers"][0]["emailAddress"] == "team@example.com"
    assert (page["groupShortName"], page["enabled"], page["webhookReceivers"]) == ("dme-page", True, [])


def test_urgent_alerts_are_posted_to_the_webhook() -> None:
    page = _tape(page_webhook="https://pager.example.com/dme").one("ActionGroup", "alerts-page").inputs
    assert [receiver["serviceUri"] for receiver in page["webhookReceivers"]] == ["https://pager.example.com/dme"]


def test_a_metric_rule_is_one_static_criterion_that_ends_by_itself(tape: Tape) -> None:
    assert tape.one("MetricAlert", "alerts-vault-denials").inputs == {
        "actions": [{"actionGroupId": f"{PREFIX}/monitor:ActionGroup/ag-dme-ticket-test"}],
        "autoMitigate": True,
        "criteria": {
            "allOf": [
                {
                    "criterionType": "StaticThresholdCriterion",
                    "dimensions": [{"name": "StatusCode", "operator": "Include", "values": ["403"]}],
                    "metricName": "ServiceApiResult",
                    "metricNamespace": "Microsoft.KeyVault/vaults",
                    "name": "ServiceApiResult",
                    "operator": "GreaterThan",
                    "threshold": 5,
                    "timeAggregation": "Count",
                }
            ],
            "odataType": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
        },
        "description": "Count ServiceApiResult of StatusCode 403 > 5 in 15 minutes. Read docs/runbooks/vault.md.",
        "enabled": True,
        "evaluationFrequency": "PT5M",
        "location": "global",
        "resourceGroupName": "rg-dme-test",
        "ruleName": "alert-dme-vault-denials-test",
        "scopes": ["/vault"],
        "severity": 2,
        "tags": tags("alerts"),
        "windowSize": "PT15M",
    }


def test_severity_decides_who_is_told(tape: Tape) -> None:
    told = {
        rule: tape.one("ScheduledQueryRule", f"alerts-{rule}").inputs["actions"]["actionGroups"]
        for rule in ("burn-60m", "burn-1440m")
    }
    assert told["burn-60m"][0].endswith("/ag-dme-page-test")
    assert told["burn-1440m"][0].endswith("/ag-dme-ticket-test")


def test_nobody_is_woken_where_the_stack_says_so() -> None:
    quiet = _tape(pages=False)
    assert quiet.one("ActionGroup", "alerts-page").inputs["enabled"] is False
    [group] = quiet.one("ScheduledQueryRule", "alerts-burn-60m").inputs["actions"]["actionGroups"]
    assert group.endswith("/ag-dme-ticket-test")


def test_a_log_rule_looks_back_over_its_window_and_never_runs_each_minute(tape: Tape) -> None:
    rules = {item.name: item.inputs for item in tape.of("ScheduledQueryRule")}
    assert {
        name.removeprefix("alerts-"): (rule["windowSize"], rule["evaluationFrequency"]) for name, rule in rules.items()
    } == {
        "burn-60m": ("PT1H", "PT5M"),
        "burn-360m": ("PT6H", "PT5M"),
        "burn-1440m": ("P1D", "PT15M"),
        "latency": ("PT15M", "PT5M"),
        "restarts": ("PT15M", "PT5M"),
        "expiry": ("P1D", "PT1H"),
        "ingestion": ("P1D", "PT1H"),
    }
    assert all(rule["autoMitigate"] and rule["skipQueryValidation"] for rule in rules.values())
    assert "p95 > 500" in rules["alerts-latency"]["criteria"]["allOf"][0]["query"]
    assert "gigabytes > 2" in rules["alerts-ingestion"]["criteria"]["allOf"][0]["query"]


def test_incidents_of_azure_are_watched_for_the_subscription_and_deletions_in_the_group(tape: Tape) -> None:
    scopes = {item.name: item.inputs["scopes"] for item in tape.of("ActivityLogAlert")}
    assert scopes["alerts-service-health"] == [f"/subscriptions/{SUBSCRIPTION}"]
    assert scopes["alerts-deletions"] == [f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-dme-test"]
    leaves = tape.one("ActivityLogAlert", "alerts-deletions").inputs["condition"]["allOf"][1]["anyOf"]
    assert {"field": "operationName", "equals": "Microsoft.Authorization/locks/delete"} in leaves


def test_an_address_is_asked_from_five_places_and_two_must_fail(tape: Tape) -> None:
    test = tape.one("WebTest", "alerts-api-test").inputs
    assert len({place["location"] for place in test["locations"]}) == 5
    assert test["request"]["requestUrl"] == "https://api.example.com/health/ready"
    assert test["validationRules"]["sSLCertRemainingLifetimeCheck"] == 14
    [link] = [key for key in test["tags"] if key.startswith("hidden-link:")]
    assert link.endswith("/appi-dme-test")
    criteria = tape.one("MetricAlert", "alerts-api-availability").inputs["criteria"]
    assert criteria["failedLocationCount"] == 2


def test_where_rules_are_off_only_availability_and_the_budget_are_on() -> None:
    quiet = _tape(enabled=False, pages=False)
    kinds = ("ActivityLogAlert", "MetricAlert", "ScheduledQueryRule")
    assert [i.name for kind in kinds for i in quiet.of(kind) if i.inputs["enabled"]] == ["alerts-api-availability"]
    assert quiet.of("Budget")


def test_the_budget_tells_before_it_is_spent_and_keeps_its_start(tape: Tape) -> None:
    budget = tape.one("Budget", "alerts-budget")
    assert budget.inputs["timePeriod"] == {"startDate": "2026-11-01T00:00:00Z"}
    assert budget.ignore_changes == ("timePeriod",)
    assert {k: (n["threshold"], n["thresholdType"]) for k, n in budget.inputs["notifications"].items()} == {
        "Actual50": (50, "Actual"),
        "Actual80": (80, "Actual"),
        "Actual100": (100, "Actual"),
        "Forecasted100": (100, "Forecasted"),
    }


def test_every_rule_ends_in_its_runbook(tape: Tape) -> None:
    rules = [item for kind in ("ActivityLogAlert", "MetricAlert", "ScheduledQueryRule") for item in tape.of(kind)]
    assert len(rules) > 12
    assert all(re.search(r"Read docs/runbooks/[a-z-]+\.md\.$", item.inputs["description"]) for item in rules)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("page_email", "nobody"),
        ("page_webhook", "http://pager.example.com"),
        ("page_webhook", "https://pager.example.com/?sig=s3cret"),
        ("availability_percent", 100.0),
        ("availability_percent", 99.95),
        ("latency_ms", 0),
        ("budget_per_month", 0),
    ],
)
def test_refused_is(key: str, value: object) -> None:
    with pytest.raises(ValidationError, match=key):
        AlertsSettings.model_validate({**VALUES, key: value})


def test_refused_are_pages_of_rules_that_are_off() -> None:
    with pytest.raises(ValidationError, match="wakes nobody"):
        AlertsSettings.model_validate({**VALUES, "enabled": False})


def test_an_address_that_is_not_public_is_asked_by_nobody_outside() -> None:
    tape = _tape(is_public=False)
    assert not tape.of("WebTest")
    assert not [rule for rule in tape.of("MetricAlert") if rule.name.endswith("-availability") and "api" in rule.name]
