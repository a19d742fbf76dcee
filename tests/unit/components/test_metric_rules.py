"""The tables of metric rules: what they derive from what is declared."""

import pytest

from components.alerting.alert_rule import MetricRule, Severity, When
from components.alerting.metric_rules import (
    CACHE_RULES,
    JOB_RULES,
    VAULT_RULES,
    connections_of,
    database_rules,
    messaging_rules,
    service_rules,
    size_rules,
)
from components.workloads.workload_settings import SizeSettings

SIZE = SizeSettings(
    cpu=0.5, memory="1Gi", min_replicas=1, max_replicas=4, workload_profile="Consumption", log_level="info"
)


def _one(rules: tuple[MetricRule, ...], name: str) -> MetricRule:
    [found] = [rule for rule in rules if rule.name == name]
    return found


def test_cpu_and_memory_are_watched_as_a_share_of_what_is_declared() -> None:
    rules = size_rules(SIZE)
    assert _one(rules, "cpu").when.threshold == 0.8 * 0.5 * 1e9  # nanocores
    assert _one(rules, "memory").when.threshold == round(0.85 * 1024**3)  # bytes


def test_the_limits_move_with_the_declared_size() -> None:
    larger = SIZE.model_copy(update={"cpu": 1.0, "memory": "2Gi"})
    for name in ("cpu", "memory"):
        threshold = _one(size_rules(SIZE), name).when.threshold
        assert _one(size_rules(larger), name).when.threshold == pytest.approx(2 * threshold, abs=1)


def test_a_workload_at_its_maximum_for_the_whole_window_is_full() -> None:
    full = _one(size_rules(SIZE), "full")
    assert full.when == When(aggregation="Minimum", operator="GreaterThanOrEqual", threshold=4)
    assert full.dimension == ("revisionName", "*")


@pytest.mark.parametrize(("minimum", "maximum"), [(2, 2), (0, 1)])
def test_a_workload_that_always_is_at_its_maximum_is_not_called_full(minimum: int, maximum: int) -> None:
    fixed = SIZE.model_copy(update={"min_replicas": minimum, "max_replicas": maximum})
    assert [rule.name for rule in size_rules(fixed)] == ["cpu", "memory"]


def test_only_what_answers_requests_is_watched_for_errors() -> None:
    errors = _one(service_rules(SIZE), "errors")
    assert errors.severity.pages
    assert errors.dimension == ("statusCodeCategory", "5xx")
    assert "errors" not in {rule.name for rule in size_rules(SIZE)}


@pytest.mark.parametrize(
    ("sku", "connections"),
    [
        ("Standard_B1ms", 50),
        ("Standard_B2s", 429),
        ("Standard_B2ms", 859),
        ("Standard_D2ds_v5", 859),
        ("Standard_D4ds_v5", 1718),
        ("Standard_E4ds_v5", 3437),
        ("Standard_D32ds_v5", 5000),
    ],
)
def test_a_server_takes_the_connections_of_its_memory(sku: str, connections: int) -> None:
    assert connections_of(sku) == connections
    assert _one(database_rules(sku), "connections").when.threshold == connections * 80 // 100


def test_a_dead_database_pages_and_a_deadlock_does_not() -> None:
    rules = database_rules("Standard_B1ms")
    assert _one(rules, "down").severity is Severity.CRITICAL
    assert not _one(rules, "deadlocks").severity.pages


def test_any_dead_letter_of_the_queue_is_told() -> None:
    rule = _one(messaging_rules("async-operations"), "dead-letters")
    assert (rule.when.threshold, rule.dimension) == (0, ("EntityName", "async-operations"))


def test_a_queue_that_is_not_emptied_is_told_and_pages_when_nothing_is_completed() -> None:
    rules = messaging_rules("async-operations")
    stuck, oldest = _one(rules, "stuck"), _one(rules, "oldest")
    assert stuck.says == (
        "Minimum ActiveMessages of EntityName async-operations > 0 and "
        "Total CompleteMessage of EntityName async-operations < 1 in 15 minutes."
    )
    assert stuck.severity.pages
    assert oldest.says == "Minimum ActiveMessages of EntityName async-operations > 0 in 60 minutes."
    assert not oldest.severity.pages


def test_nothing_watches_the_restart_count_which_never_falls() -> None:
    every = (*service_rules(SIZE), *database_rules("Standard_B1ms"), *messaging_rules("q"), *CACHE_RULES, *VAULT_RULES)
    assert "RestartCount" not in {rule.metric for rule in (*every, *JOB_RULES)}


def test_a_rule_says_what_it_is() -> None:
    assert _one(VAULT_RULES, "denials").says == "Count ServiceApiResult of StatusCode 403 > 5 in 15 minutes."
