"""The arithmetic of scaling; expectations are the examples and defaults of Microsoft's page "Set scaling rules"."""

from typing import Any

import pytest
from containers_harness import container, revision_spec

from localazure.containers.scaling import Load, Scaling
from localazure.containers.spec import Digest, QueueRule, ScaleRules

WINDOW = 300


def scaling(*, replicas: int = 1, rules: ScaleRules | None = None, **limits: Any) -> Scaling:
    chosen = rules or ScaleRules(concurrent_requests=10)
    spec = revision_spec(
        container(Digest("sha256:0")), rules=chosen, **{"min_replicas": 1, "max_replicas": 20, **limits}
    )
    return Scaling(spec, replicas=replicas, now=0, stabilisation_seconds=WINDOW)


def load(replicas: int, requests: int = 0, *, active: bool = False, busy: float | None = None) -> Load:
    return Load(replicas=replicas, requests=requests, active=active, busy=busy)


@pytest.mark.parametrize(
    ("replicas", "requests", "wanted"),
    [
        (1, 10, 1),
        (1, 11, 2),
        (1, 39, 4),
        (1, 1000, 4),  # the first steps: 1, 4
        (4, 1000, 8),  # then 100 % of current
        (8, 1000, 16),
        (16, 1000, 20),  # the most there may be
    ],
)
def test_more_requests_than_the_target_add_replicas_in_steps(replicas: int, requests: int, wanted: int) -> None:
    assert scaling(replicas=replicas).wanted(load(replicas, requests), now=15) == wanted


def test_fewer_requests_remove_replicas_after_they_were_enough_for_the_whole_window() -> None:
    decisions = scaling()

    assert decisions.wanted(load(1, 50), now=0) == 4
    assert decisions.wanted(load(4, 50), now=15) == 5
    assert decisions.wanted(load(5, 20), now=30) == 5
    assert decisions.wanted(load(5, 0), now=15 + WINDOW - 1) == 5
    assert decisions.wanted(load(5, 0), now=15 + WINDOW) == 2
    assert decisions.wanted(load(2, 0), now=30 + WINDOW) == 1


def test_replicas_that_were_there_at_the_start_stay_for_a_window() -> None:
    decisions = scaling(replicas=3)

    assert [decisions.wanted(load(3), now=now) for now in (15, WINDOW - 1, WINDOW)] == [3, 3, 1]


def test_there_are_never_fewer_replicas_than_the_minimum() -> None:
    assert scaling(replicas=3, min_replicas=2).wanted(load(3), now=WINDOW) == 2
    assert scaling(replicas=2, min_replicas=2).wanted(load(2), now=100 * WINDOW) == 2


def test_the_last_replica_goes_after_the_cooldown_without_a_request() -> None:
    decisions = scaling(min_replicas=0, rules=ScaleRules(cooldown_seconds=60))

    assert decisions.wanted(load(1, active=True), now=15) == 1
    assert decisions.wanted(load(1), now=74) == 1
    assert decisions.wanted(load(1), now=75) == 0
    assert decisions.wanted(load(0), now=90) == 0


def test_a_request_in_flight_keeps_the_last_replica_however_long_it_takes() -> None:
    decisions = scaling(min_replicas=0, rules=ScaleRules(cooldown_seconds=60))

    assert [decisions.wanted(load(1, 1), now=now) for now in (30, 60, 90)] == [1, 1, 1]
    assert decisions.wanted(load(1), now=149) == 1


def test_the_first_requests_after_none_start_one_replica() -> None:
    assert scaling(replicas=0, min_replicas=0).wanted(load(0, 1000), now=1) == 1


def test_busy_cores_add_replicas_and_idle_ones_remove_them() -> None:
    decisions = scaling(replicas=2, rules=ScaleRules(concurrent_requests=None, cpu_percent=70))

    assert decisions.wanted(load(2, busy=0.7), now=15) == 2
    assert decisions.wanted(load(2, busy=0.8), now=30) == 3
    assert decisions.wanted(load(3), now=45) == 3  # nothing is known yet of a replica that has just started
    assert decisions.wanted(load(3, busy=0.2), now=45 + WINDOW) == 1


@pytest.mark.parametrize(("messages", "wanted"), [((20, 0), 1), ((21, 0), 2), ((21, 11), 3), ((0, 0), 1)])
def test_the_queue_that_asks_for_more_decides(messages: tuple[int, ...], wanted: int) -> None:
    queues = tuple(QueueRule(namespace="bus", queue="q", principal="p", messages=target) for target in (20, 4))
    decisions = scaling(rules=ScaleRules(concurrent_requests=None, queues=queues))
    seen = Load(replicas=1, requests=0, active=False, messages=messages)

    assert decisions.wanted(seen, now=15) == wanted


def test_the_rule_that_asks_for_more_decides() -> None:
    decisions = scaling(rules=ScaleRules(concurrent_requests=10, cpu_percent=70))

    assert decisions.wanted(load(1, 25, busy=0.1), now=0) == 3
    assert decisions.wanted(load(1, 1, busy=1.0), now=0) == 2


def test_a_rule_on_cores_alone_never_takes_the_last_replica() -> None:
    rules = ScaleRules(concurrent_requests=None, cpu_percent=70, cooldown_seconds=0)

    assert scaling(min_replicas=0, rules=rules).wanted(load(1, busy=0), now=10 * WINDOW) == 1


@pytest.mark.parametrize("rules", [{"concurrent_requests": 0}, {"cpu_percent": 0}, {"cooldown_seconds": -1}])
def test_an_impossible_rule_is_refused(rules: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"scale rules: .* must be"):
        ScaleRules(**rules)


def test_an_impossible_rule_on_a_queue_is_refused() -> None:
    with pytest.raises(ValueError, match="messageCount 0 must be at least 1"):
        QueueRule(namespace="bus", queue="operations", principal="worker", messages=0)
