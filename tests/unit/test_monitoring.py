"""Rules, diagnostics and workbooks against what they speak of: runbooks, metrics, categories, the service's own log."""

import io
import json
import logging
import re

import pytest
from starlette.types import Message, Receive, Scope, Send

from app.logs import JsonLines
from app.web.request_log import RequestLog
from components.alerting.activity_rules import ACTIVITY_RULES
from components.alerting.alert_rule import ActivityRule, LogRule, MetricRule, Runbook
from components.alerting.burn_rate import BURN_RATES, Objective, burn_rate_rule
from components.alerting.log_rules import EXPIRY, RESTARTING, ingestion_rule, slow_rule
from components.alerting.metric_rules import (
    CACHE_RULES,
    JOB_RULES,
    VAULT_RULES,
    database_rules,
    messaging_rules,
    service_rules,
)
from components.alerting.request_log import REQUESTS
from components.diagnostics import DIAGNOSTICS, Diagnostics
from components.workloads.workload_settings import SizeSettings
from localazure.services.monitor_logs import SENDS
from localazure.services.monitor_metrics import METRICS
from tests.tape import ROOT

SIZE = SizeSettings(
    cpu=0.5, memory="1Gi", min_replicas=1, max_replicas=4, workload_profile="Consumption", log_level="info"
)
LOG_RULES = (
    *(burn_rate_rule(rate, Objective(availability_percent=99.9, minimum_requests=100)) for rate in BURN_RATES),
    slow_rule(500),
    RESTARTING,
    EXPIRY,
    ingestion_rule(2),
)
METRIC_RULES = {
    "api": service_rules(SIZE),
    "cache": CACHE_RULES,
    "database": database_rules("Standard_B1ms"),
    "job": JOB_RULES,
    "messaging": messaging_rules("async-operations"),
    "vault": VAULT_RULES,
}
KINDS = {
    "api": "microsoft.app/containerapps",
    "cache": "microsoft.cache/redisenterprise",
    "cache-database": "microsoft.cache/redisenterprise/databases",
    "database": "microsoft.dbforpostgresql/flexibleservers",
    "edge": "microsoft.cdn/profiles",
    "mcp": "microsoft.app/containerapps",
    "messaging": "microsoft.servicebus/namespaces",
    "registry": "microsoft.containerregistry/registries",
    "storage": "microsoft.storage/storageaccounts/blobservices",
    "vault": "microsoft.keyvault/vaults",
    "worker": "microsoft.app/containerapps",
}
RULES = [(what, rule) for what, rules in METRIC_RULES.items() for rule in rules]


@pytest.mark.parametrize("runbook", Runbook)
def test_every_runbook_exists_and_says_how_to_look_stop_and_verify(runbook: Runbook) -> None:
    text = (ROOT / runbook).read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert {"What it means", "Look", "Stop it", "Know that it is over"} <= set(headings)


@pytest.mark.parametrize(("what", "rule"), RULES, ids=[f"{what}-{rule.name}" for what, rule in RULES])
def test_a_runbook_names_each_of_its_metric_rules(what: str, rule: MetricRule) -> None:
    named = {"api": "api", "job": "backup"}.get(what, what)
    assert f"`{named}-{rule.name}`" in (ROOT / rule.runbook).read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", ACTIVITY_RULES, ids=lambda rule: rule.name)
def test_a_runbook_names_each_of_its_activity_rules(rule: ActivityRule) -> None:
    assert f"`{rule.name}`" in (ROOT / rule.runbook).read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", LOG_RULES, ids=lambda rule: rule.name)
def test_a_runbook_names_each_of_its_log_rules(rule: LogRule) -> None:
    assert f"`{rule.name}`" in (ROOT / rule.runbook).read_text(encoding="utf-8")


@pytest.mark.parametrize(("what", "rule"), RULES, ids=[f"{what}-{rule.name}" for what, rule in RULES])
def test_a_rule_asks_for_a_metric_and_a_dimension_that_exist(what: str, rule: MetricRule) -> None:
    metrics = METRICS[rule.namespace.lower()]
    assert what == "job" or rule.namespace.lower() == KINDS[what]
    for metric, _ in rule.conditions:
        assert metric in metrics
        assert rule.dimension is None or rule.dimension[0] in metrics[metric]


def test_a_resource_has_one_rule_of_each_name() -> None:
    for rules in METRIC_RULES.values():
        assert len({rule.name for rule in rules}) == len(rules)


@pytest.mark.parametrize(("what", "said"), DIAGNOSTICS.items(), ids=list(DIAGNOSTICS))
def test_a_resource_sends_only_what_it_has(what: str, said: Diagnostics) -> None:
    sends = SENDS[KINDS[what]]
    assert set(said.categories) <= sends.categories
    assert not said.group or said.group in sends.groups
    assert not said.metrics or "AllMetrics" in sends.metrics
    assert said.logs or said.all_metrics


async def test_the_queries_read_what_the_service_writes() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    log = logging.getLogger("app.request")
    log.addHandler(handler)
    log.setLevel(logging.INFO)

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(_message: Message) -> None:
        return

    try:
        await RequestLog(app)({"type": "http", "method": "GET", "path": "/tasks", "headers": []}, receive, send)
    finally:
        log.removeHandler(handler)
    written = json.loads(stream.getvalue())
    read = set(re.findall(r"line\.(\w+)", REQUESTS))
    assert read == {"logger", "path", "status", "milliseconds"}
    assert read <= set(written)
    assert written["logger"] == "app.request"
