"""The sizes of workloads: what Azure would refuse is refused in the stack file."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from components.workloads.workload_settings import SizeSettings, WorkerSettings, WorkloadSettings

SIZE: dict[str, Any] = {
    "cpu": 0.25,
    "memory": "0.5Gi",
    "min_replicas": 1,
    "max_replicas": 1,
    "workload_profile": "Consumption",
    "log_level": "debug",
}
SERVICE: dict[str, Any] = {**SIZE, "concurrent_requests": 50}
WORKER: dict[str, Any] = {**SIZE, "queue_length": 20}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"min_replicas": 2}, r"2 is more than max_replicas \(1\)"),
        ({"min_replicas": 0}, "greater than or equal to 1"),
        ({"memory": "1Gi"}, r'"1Gi" does not go with 0.25 cores \(allowed "0.5Gi"\)'),
        ({"cpu": 0.3}, "multiple of 0.25"),
        ({"cpu": 4.25}, "less than or equal to 4"),
        ({"max_replicas": "10"}, "valid integer"),
        ({"concurrent_requests": 0}, "greater than or equal to 1"),
        ({"queue_length": 20}, "Extra inputs"),
    ],
)
def test_refused_is_what_azure_would_refuse(change: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        WorkloadSettings.model_validate(SERVICE | change)


def test_a_worker_alone_may_have_no_replica() -> None:
    assert WorkerSettings.model_validate({**WORKER, "min_replicas": 0}).min_replicas == 0
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        WorkerSettings.model_validate({**WORKER, "queue_length": 0})


@settings(max_examples=50, deadline=None)
@given(quarters=st.integers(1, 16), memory=st.integers(1, 18), least=st.integers(0, 5), most=st.integers(1, 5))
def test_a_size_is_taken_exactly_if_consumption_sells_it(quarters: int, memory: int, least: int, most: int) -> None:
    size = {**SIZE, "cpu": quarters / 4, "memory": f"{memory / 2:g}Gi", "min_replicas": least, "max_replicas": most}
    sold = memory == quarters and least <= most
    try:
        SizeSettings.model_validate(size)
    except ValidationError:
        assert not sold
    else:
        assert sold
