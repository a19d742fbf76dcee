"""The containers of a replica: their probes, their environment, and what adds another replica.

Plain values, no resource. They are typed dictionaries, because the name of a revision is made from all of them.
"""

from typing import Final

import pulumi
from pulumi_azure_native import app

from app.contract import LIVENESS_PATH, READINESS_PATH
from components.identity import WorkloadIdentity
from components.workloads.variables import Variables

CPU_PERCENT: Final = 70
"""Mean use of the requested cores above which another replica starts."""


def service(
    name: str, image: pulumi.Input[str], variables: Variables, *, port: int, cpu: float, memory: str
) -> app.ContainerArgsDict:
    """Return the container of the workload `name`, with all three probes on `port`."""
    return {
        "name": name,
        "image": image,
        "args": [name],
        "env": environment(variables),
        "probes": [
            _probe(app.Type.STARTUP, LIVENESS_PATH, port, period_seconds=3, failure_threshold=40),
            _probe(app.Type.LIVENESS, LIVENESS_PATH, port, period_seconds=10, failure_threshold=3),
            _probe(app.Type.READINESS, READINESS_PATH, port, period_seconds=5, failure_threshold=3),
        ],
        "resources": {"cpu": cpu, "memory": memory},
    }


def migration(image: pulumi.Input[str], variables: Variables) -> app.InitContainerArgsDict:
    """Return the init container that brings the schema up to the image before the service of that image starts."""
    return {
        "name": "migrate",
        "image": image,
        "args": ["migrate"],
        "env": environment(variables),
        "resources": {"cpu": 0.25, "memory": "0.5Gi"},
    }


def on_requests(concurrent_requests: int) -> list[app.ScaleRuleArgsDict]:
    """Return the rules of a workload with ingress: requests in flight per replica, or busy cores."""
    return [
        {"name": "http", "http": {"metadata": {"concurrentRequests": str(concurrent_requests)}}},
        {"name": "cpu", "custom": {"type": "cpu", "metadata": {"type": "Utilization", "value": str(CPU_PERCENT)}}},
    ]


def on_queue(
    length: int, *, namespace: pulumi.Input[str], queue: pulumi.Input[str], identity: WorkloadIdentity
) -> list[app.ScaleRuleArgsDict]:
    """Return the rule of a workload that works off a queue; it also starts the first replica and ends the last.

    Args:
        length: Messages waiting per replica.
        namespace: Name of the Service Bus namespace, without a domain.
        queue: Name of the queue.
        identity: What the queue is measured as: one of the app's, with a role on the queue.
    """
    metadata = {"namespace": namespace, "queueName": queue, "messageCount": str(length)}
    return [{"name": "queue", "custom": {"type": "azure-servicebus", "identity": identity.id, "metadata": metadata}}]


def environment(variables: Variables) -> list[app.EnvironmentVarArgsDict]:
    """Return the environment of a container: plain values, then references to the secrets of its app or job."""
    values: list[app.EnvironmentVarArgsDict] = [
        {"name": str(name), "value": value} for name, value in variables.values.items()
    ]
    secrets: list[app.EnvironmentVarArgsDict] = [
        {"name": str(name), "secret_ref": secret.name} for name, secret in variables.secrets.items()
    ]
    return values + secrets


def _probe(
    kind: app.Type, path: str, port: int, *, period_seconds: int, failure_threshold: int
) -> app.ContainerAppProbeArgsDict:
    return {
        "type": kind,
        "http_get": {"path": path, "port": port, "scheme": app.Scheme.HTTP},
        "period_seconds": period_seconds,
        "timeout_seconds": 3,
        "failure_threshold": failure_threshold,
        "success_threshold": 1,
    }
