"""The container app. Mocks prove construction, nothing of Azure; the golden tapes hold it whole."""

from typing import Any

import pytest

from components.identity import WorkloadIdentity, WorkloadIdentityArgs
from components.workloads import containers
from components.workloads.hosting import Hosting
from components.workloads.rollout import Rollout, Version
from components.workloads.variables import Variables
from components.workloads.workload import Migration, Workload, WorkloadArgs
from components.workloads.workload_settings import WorkerSettings, WorkloadSettings
from tests.tape import Registration, Tape, record
from tests.unit.components.parts import platform, registry

DIGEST, OTHER = ("sha256:" + letter * 64 for letter in "ab")
SMALLEST = WorkloadSettings(
    cpu=0.25,
    memory="0.5Gi",
    min_replicas=1,
    max_replicas=1,
    concurrent_requests=10,
    workload_profile="Consumption",
    log_level="debug",
)
EVERYTHING = WorkloadSettings(
    cpu=4,
    memory="8Gi",
    min_replicas=3,
    max_replicas=300,
    concurrent_requests=1000,
    workload_profile="Dedicated",
    log_level="error",
)
WORKER = WorkerSettings(
    cpu=0.25,
    memory="0.5Gi",
    min_replicas=0,
    max_replicas=2,
    workload_profile="Consumption",
    log_level="debug",
    queue_length=20,
)
FIRST = Rollout(live=Version(digest=DIGEST))


def _tape(rollout: Rollout = FIRST, settings: WorkloadSettings = SMALLEST, greeting: str = "1") -> Tape:
    def program() -> None:
        place = platform()
        identity, migrator, pull = (
            WorkloadIdentity(name, WorkloadIdentityArgs(platform=place)) for name in ("api", "migrator", "pull")
        )
        args = WorkloadArgs(
            hosting=Hosting(
                platform=place, environment_id="/environment", registry=registry(place), pull=pull, grants=[place]
            ),
            settings=settings,
            rollout=rollout,
            identity=identity,
            variables=Variables(values={"A": greeting}, secrets={}),
            port=8080,
            ingress=True,
            scale_rules=containers.on_requests(settings.concurrent_requests),
            migration=Migration(identity=migrator, variables=Variables(values={"B": "2"}, secrets={})),
        )
        Workload("api", args)

    return record(program)


def _worker(rollout: Rollout) -> Tape:
    def program() -> None:
        place = platform()
        identity, pull = (WorkloadIdentity(name, WorkloadIdentityArgs(platform=place)) for name in ("worker", "pull"))
        args = WorkloadArgs(
            hosting=Hosting(
                platform=place, environment_id="/environment", registry=registry(place), pull=pull, grants=[]
            ),
            settings=WORKER,
            rollout=rollout,
            identity=identity,
            variables=Variables(values={}, secrets={}),
            port=8082,
            ingress=False,
            scale_rules=containers.on_queue(20, namespace="bus", queue="operations", identity=identity),
            migration=None,
        )
        Workload("worker", args)

    return record(program)


def _app(settings: WorkloadSettings) -> Registration:
    return _tape(settings=settings).one("ContainerApp", "api")


def _shares(tape: Tape) -> list[tuple[str, str, int]]:
    traffic = tape.one("ContainerApp", "api").inputs["configuration"]["ingress"]["traffic"]
    assert not any(entry["latestRevision"] for entry in traffic)
    return [(entry["label"], entry["revisionName"], entry["weight"]) for entry in traffic]


def _release(tape: Tape, name: str = "api") -> Any:
    [outputs] = [each for urn, each in tape.outputs.items() if urn.endswith(f"components:Workload::{name}")]
    return outputs["release"]


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


def test_an_app_runs_on_the_machines_that_the_stack_file_says() -> None:
    assert _app(SMALLEST).inputs["workloadProfileName"] == "Consumption"
    assert _app(EVERYTHING).inputs["workloadProfileName"] == "Dedicated"


def test_the_migration_runs_first_with_the_same_image_and_its_own_identity() -> None:
    inputs = _app(SMALLEST).inputs
    [migrate] = inputs["template"]["initContainers"]
    assert (migrate["image"], migrate["args"]) == (f"acrdmetestabc1.azurecr.io/digitalmee@{DIGEST}", ["migrate"])
    assert migrate["env"] == [{"name": "B", "value": "2"}]
    lifecycles = {item["identity"].rpartition("/")[2]: item["lifecycle"] for item in _settings(inputs)}
    assert lifecycles == {"id-dme-api-test": "Main", "id-dme-migrator-test": "Init", "id-dme-pull-test": "None"}


def test_all_three_probes_are_declared_on_the_port_of_the_ingress() -> None:
    inputs = _app(SMALLEST).inputs
    probes = inputs["template"]["containers"][0]["probes"]
    assert {probe["type"]: (probe["httpGet"]["path"], probe["httpGet"]["port"]) for probe in probes} == {
        "Startup": ("/health", 8080),
        "Liveness": ("/health", 8080),
        "Readiness": ("/health/ready", 8080),
    }
    assert inputs["configuration"]["ingress"]["targetPort"] == 8080


def test_nothing_is_served_without_tls() -> None:
    assert _app(SMALLEST).inputs["configuration"]["ingress"]["allowInsecure"] is False


def test_the_first_revision_serves_at_once_under_the_label_live() -> None:
    tape = _tape()
    app = tape.one("ContainerApp", "api").inputs
    suffix = app["template"]["revisionSuffix"]

    assert suffix.startswith("r1-")
    assert app["configuration"]["activeRevisionsMode"] == "Multiple"
    assert _shares(tape) == [("live", f"ca-dme-api-test--{suffix}", 100)]
    assert _release(tape) == {"live": {"digest": DIGEST, "revision": suffix}, "weight": 0}


def test_what_the_stack_remembers_makes_the_same_revision_again() -> None:
    first = _tape()
    again = _tape(Rollout.model_validate(_release(first)))

    assert again.one("ContainerApp", "api").inputs == first.one("ContainerApp", "api").inputs
    assert _release(again) == _release(first)


def test_a_changed_template_is_a_candidate_without_requests() -> None:
    live = _release(_tape())["live"]
    tape = _tape(Rollout.model_validate({"live": live}), greeting="2")
    candidate = _release(tape)["candidate"]

    assert candidate["digest"] == DIGEST
    assert candidate["revision"].startswith("r2-")
    assert _shares(tape) == [
        ("live", f"ca-dme-api-test--{live['revision']}", 100),
        ("candidate", f"ca-dme-api-test--{candidate['revision']}", 0),
    ]


def test_a_worker_has_no_ingress_and_replaces_its_revision() -> None:
    live = Version(digest=OTHER, revision="r1-00000000")
    tape = _worker(Rollout(live=live, candidate=Version(digest=DIGEST)))
    inputs = tape.one("ContainerApp", "worker").inputs

    assert "ingress" not in inputs["configuration"]
    assert inputs["configuration"]["activeRevisionsMode"] == "Single"
    assert {probe["httpGet"]["port"] for probe in inputs["template"]["containers"][0]["probes"]} == {8082}
    suffix = inputs["template"]["revisionSuffix"]
    assert suffix.startswith("r2-")
    assert _release(tape, "worker") == {"live": {"digest": DIGEST, "revision": suffix}, "weight": 0}


def test_a_worker_scales_by_its_queue_as_itself_down_to_none() -> None:
    inputs = _worker(FIRST).one("ContainerApp", "worker").inputs
    scale = inputs["template"]["scale"]
    [rule] = scale["rules"]

    assert (scale["minReplicas"], scale["maxReplicas"]) == (0, 2)
    assert rule["custom"]["metadata"] == {"messageCount": "20", "namespace": "bus", "queueName": "operations"}
    assert rule["custom"]["identity"].endswith("/id-dme-worker-test")
    assert rule["custom"]["identity"] in inputs["identity"]["userAssignedIdentities"]


@pytest.mark.parametrize("rollout", [FIRST, Rollout(live=Version(digest=OTHER, revision="r7-0a1b2c3d"))])
def test_a_revision_name_is_no_longer_than_azure_takes(rollout: Rollout) -> None:
    inputs = _tape(rollout).one("ContainerApp", "api").inputs
    name = f"{inputs['containerAppName']}--{inputs['template']['revisionSuffix']}"
    assert len(name) <= 54


def _settings(inputs: Any) -> Any:
    return inputs["configuration"]["identitySettings"]
