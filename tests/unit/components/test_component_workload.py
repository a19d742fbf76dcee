"""The container app. Mocks prove construction, nothing of Azure; the golden tapes hold it whole."""

from typing import Any

import pytest
from pydantic import ValidationError

from components.identity import WorkloadIdentity, WorkloadIdentityArgs
from components.variables import Variables
from components.workload import Workload, WorkloadArgs, WorkloadSettings
from tests.tape import Registration, record
from tests.unit.components.parts import platform

SMALLEST = WorkloadSettings(
    cpu=0.25, memory="0.5Gi", min_replicas=1, max_replicas=1, concurrent_requests=10, log_level="debug"
)
EVERYTHING = WorkloadSettings(
    cpu=4, memory="8Gi", min_replicas=3, max_replicas=300, concurrent_requests=1000, log_level="error"
)


def _app(settings: WorkloadSettings) -> Registration:
    def program() -> None:
        place = platform()
        identity, migrator, pull = (
            WorkloadIdentity(name, WorkloadIdentityArgs(platform=place)) for name in ("api", "migrator", "pull")
        )
        args = WorkloadArgs(
            platform=place,
            settings=settings,
            environment_id="/environment",
            image="registry/app@sha256:1",
            registry="registry",
            identity=identity,
            migrator=migrator,
            pull=pull,
            variables=Variables(values={"A": "1"}, secrets={}),
            migrate_variables=Variables(values={"B": "2"}, secrets={}),
            grants=[place],
        )
        Workload("api", args)

    return record(program).one("ContainerApp", "api")


def test_smallest_runs_one_replica_of_the_smallest_size() -> None:
    template = _app(SMALLEST).inputs["template"]
    assert template["containers"][0]["resources"] == {"cpu": 0.25, "memory": "0.5Gi"}
    assert template["containers"][0]["args"] == ["api"]
    assert template["containers"][0]["env"] == [{"name": "A", "value": "1"}]
    assert (template["scale"]["minReplicas"], template["scale"]["maxReplicas"]) == (1, 1)


def test_everything_scales_on_requests_and_on_cores() -> None:
    assert _app(EVERYTHING).inputs["template"]["scale"] == {
        "maxReplicas": 300,
        "minReplicas": 3,
        "rules": [
            {"http": {"metadata": {"concurrentRequests": "1000"}}, "name": "http"},
            {"custom": {"metadata": {"type": "Utilization", "value": "70"}, "type": "cpu"}, "name": "cpu"},
        ],
    }


def test_the_migration_runs_first_with_the_same_image_and_its_own_identity() -> None:
    inputs = _app(SMALLEST).inputs
    [migrate] = inputs["template"]["initContainers"]
    assert (migrate["image"], migrate["args"]) == ("registry/app@sha256:1", ["migrate"])
    assert migrate["env"] == [{"name": "B", "value": "2"}]
    lifecycles = {item["identity"].rpartition("/")[2]: item["lifecycle"] for item in _settings(inputs)}
    assert lifecycles == {"id-dme-api-test": "Main", "id-dme-migrator-test": "Init", "id-dme-pull-test": "None"}


def test_all_three_probes_are_declared() -> None:
    probes = _app(SMALLEST).inputs["template"]["containers"][0]["probes"]
    assert {probe["type"]: probe["httpGet"]["path"] for probe in probes} == {
        "Startup": "/health",
        "Liveness": "/health",
        "Readiness": "/health/ready",
    }


def test_nothing_is_served_without_tls() -> None:
    ingress = _app(SMALLEST).inputs["configuration"]["ingress"]
    assert ingress["allowInsecure"] is False
    assert ingress["targetPort"] == 8080


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"min_replicas": 2}, r"2 is more than max_replicas \(1\)"),
        ({"memory": "1Gi"}, r'"1Gi" does not go with 0.25 cores \(allowed "0.5Gi"\)'),
        ({"cpu": 0.3}, "multiple of 0.25"),
        ({"max_replicas": "10"}, "valid integer"),
    ],
)
def test_refused_is_what_azure_would_refuse(change: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        WorkloadSettings.model_validate(SMALLEST.model_dump() | change)


def _settings(inputs: Any) -> Any:
    return inputs["configuration"]["identitySettings"]
