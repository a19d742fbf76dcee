"""The containers of a replica: their probes, their environment, and how many replicas run.

Plain values, no resource.
"""

from typing import Final

import pulumi
from pulumi_azure_native import app

from app.contract import API_PORT, LIVENESS_PATH, READINESS_PATH
from components.variables import Variables

CPU_PERCENT: Final = 70
"""Mean use of the requested cores above which another replica starts."""


def service(name: str, image: pulumi.Input[str], variables: Variables, *, cpu: float, memory: str) -> app.ContainerArgs:
    """Return the container of the workload `name`, with all three probes."""
    return app.ContainerArgs(
        name=name,
        image=image,
        args=[name],
        env=_environment(variables),
        probes=[
            _probe(app.Type.STARTUP, LIVENESS_PATH, period_seconds=3, failure_threshold=10),
            _probe(app.Type.LIVENESS, LIVENESS_PATH, period_seconds=10, failure_threshold=3),
            _probe(app.Type.READINESS, READINESS_PATH, period_seconds=5, failure_threshold=3),
        ],
        resources=app.ContainerResourcesArgs(cpu=cpu, memory=memory),
    )


def migration(image: pulumi.Input[str], variables: Variables) -> app.InitContainerArgs:
    """Return the init container that brings the schema up to the image before the service of that image starts."""
    return app.InitContainerArgs(
        name="migrate",
        image=image,
        args=["migrate"],
        env=_environment(variables),
        resources=app.ContainerResourcesArgs(cpu=0.25, memory="0.5Gi"),
    )


def scale(*, minimum: int, maximum: int, concurrent_requests: int) -> app.ScaleArgs:
    """Return how many replicas run: more when requests queue up, or when the cores are busy."""
    return app.ScaleArgs(
        min_replicas=minimum,
        max_replicas=maximum,
        rules=[
            app.ScaleRuleArgs(
                name="http", http=app.HttpScaleRuleArgs(metadata={"concurrentRequests": str(concurrent_requests)})
            ),
            app.ScaleRuleArgs(
                name="cpu",
                custom=app.CustomScaleRuleArgs(type="cpu", metadata={"type": "Utilization", "value": str(CPU_PERCENT)}),
            ),
        ],
    )


def _environment(variables: Variables) -> list[app.EnvironmentVarArgs]:
    values = [app.EnvironmentVarArgs(name=str(name), value=value) for name, value in variables.values.items()]
    secrets = [
        app.EnvironmentVarArgs(name=str(name), secret_ref=secret.name) for name, secret in variables.secrets.items()
    ]
    return values + secrets


def _probe(kind: app.Type, path: str, *, period_seconds: int, failure_threshold: int) -> app.ContainerAppProbeArgs:
    return app.ContainerAppProbeArgs(
        type=kind,
        http_get=app.ContainerAppProbeHttpGetArgs(path=path, port=API_PORT, scheme=app.Scheme.HTTP),
        period_seconds=period_seconds,
        timeout_seconds=3,
        failure_threshold=failure_threshold,
        success_threshold=1,
    )
