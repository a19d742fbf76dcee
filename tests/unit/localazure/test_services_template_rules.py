from typing import Any

import pytest

from localazure.services.template_rules import template_problems


def app(**changes: Any) -> dict[str, Any]:
    return {"template": {"containers": [container()], **changes}}


def container(**changes: Any) -> dict[str, Any]:
    return {"name": "api", "image": "registry.azurecr.io/api@sha256:0", **changes}


def sized(*pairs: tuple[float, str]) -> dict[str, Any]:
    return app(containers=[container(resources={"cpu": cpu, "memory": memory}) for cpu, memory in pairs])


def with_init(cpu: float) -> dict[str, Any]:
    return {
        "template": {**sized((0.5, "1Gi"))["template"], "initContainers": [container(name="i", resources={"cpu": cpu})]}
    }


def probed(kind: str, **changes: int) -> dict[str, Any]:
    return app(containers=[container(probes=[{"type": kind, "tcpSocket": {"port": 1}, **changes}])])


def scaled(**rule: Any) -> dict[str, Any]:
    return app(scale={"rules": [rule]})


def cpu(**metadata: str) -> dict[str, Any]:
    return {"type": "cpu", "metadata": metadata}


def with_ingress(**ingress: Any) -> dict[str, Any]:
    return {**app(), "configuration": {"ingress": {"targetPort": 8080, **ingress}}}


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        app(),
        app(scale={"minReplicas": 0, "maxReplicas": 1}),
        app(scale={"minReplicas": 1000, "maxReplicas": 1000}),
        app(revisionSuffix="r1-0a1b2c3d"),
        {**app(revisionSuffix="r" * 22), "containerAppName": "a" * 32},
        app(terminationGracePeriodSeconds=600),
        {"configuration": {"maxInactiveRevisions": 0, "secrets": [{"name": "a-key.1", "value": "1"}]}},
        app(containers=[container(env=[{"name": "_A.b-1"}])]),
        scaled(http={}),
        scaled(http={"metadata": {"concurrentRequests": "50"}}),
        scaled(custom=cpu(type="Utilization", value="70")),
        scaled(custom={"type": "azure-servicebus", "metadata": {"queueName": "q", "messageCount": "20"}}),
        scaled(custom={"type": "azure-queue", "metadata": {"messageCount": "x"}}),
        sized((0.25, "0.5Gi")),
        sized((4, "8Gi")),
        sized((0.25, "0.5Gi"), (0.5, "1.0Gi")),
        app(containers=[container(probes=[{"type": "Liveness", "httpGet": {"port": 1}}])]),
        with_init(0.5),
        probed("Liveness", failureThreshold=30, periodSeconds=240, timeoutSeconds=240, initialDelaySeconds=60),
        probed("Readiness", failureThreshold=48, successThreshold=10),
        probed("Startup", failureThreshold=240, initialDelaySeconds=0),
        {**app(), "identity": {"type": "UserAssigned"}, "configuration": {"activeRevisionsMode": "Multiple"}},
    ],
)
def test_container_apps_takes_this(inputs: dict[str, Any]) -> None:
    assert dict(template_problems(inputs)) == {}


@pytest.mark.parametrize(
    ("inputs", "at", "text"),
    [
        (app(containers=[]), "template.containers", "at least one container"),
        (app(containers=[{"name": "api"}]), "template.containers[0].image", "missing required"),
        (app(initContainers=[{"image": "i"}]), "template.initContainers[0].name", "missing required"),
        (app(terminationGracePeriodSeconds=601), "template.terminationGracePeriodSeconds", "0 to 600"),
        (app(containers=[container(name="API")]), "template.containers[0].name", "lower case"),
        (app(containers=[container(env=[{"name": "1A"}])]), "template.containers[0].env", "at the start no digit"),
        (probed("Startup", successThreshold=2), "template.containers[0].probes", "['1', '1']"),
        (
            app(containers=[container(probes=[{"type": "Liveness", "tcpSocket": {"port": 0}}])]),
            "template.containers[0].probes",
            "port '0' must be 1 to 65535",
        ),
        ({"configuration": {"maxInactiveRevisions": 101}}, "configuration.maxInactiveRevisions", "0 to 100"),
        ({"configuration": {"secrets": [{"name": "A_KEY"}]}}, "configuration.secrets", 'Invalid value: "A_KEY"'),
        (app(revisionSuffix="4f0c1d2e"), "template.revisionSuffix", "start with an alphabetic character"),
        (app(revisionSuffix="r1-"), "template.revisionSuffix", "end with an alphanumeric character"),
        (app(revisionSuffix="r--1"), "template.revisionSuffix", "has an invalid value 'r--1'"),
        (app(revisionSuffix="R1"), "template.revisionSuffix", "lower case"),
        (
            {**app(revisionSuffix="r" + "0" * 40), "containerAppName": "digitalmee-api-prod"},
            "template.revisionSuffix",
            "a combined 54 characters",
        ),
        (app(scale={"minReplicas": 3, "maxReplicas": 2}), "template.scale.minReplicas", "(3) cannot be greater"),
        (app(scale={"minReplicas": 11}), "template.scale.minReplicas", "maxReplicas (10)"),
        (app(scale={"minReplicas": 0, "maxReplicas": 0}), "template.scale", "the greater at least 1"),
        (app(scale={"minReplicas": -1}), "template.scale", "replicas -1 to 10"),
        (app(scale={"maxReplicas": 1001}), "template.scale", "0 to 1000"),
        (
            scaled(http={"metadata": {"concurrentRequests": "0"}}),
            "template.scale.rules[0].http.metadata.concurrentRequests",
            "'0' must be a whole number of at least 1",
        ),
        (scaled(custom=cpu(value="70%")), "template.scale.rules[0].custom.metadata.value", "'70%' must be"),
        (scaled(custom=cpu()), "template.scale.rules[0].custom.metadata.value", "at least 1"),
        (
            scaled(custom=cpu(type="AverageValue", value="70")),
            "template.scale.rules[0].custom.metadata.type",
            "imitate",
        ),
        (sized((0.25, "1Gi")), "template.containers", "(CPU: 0.25, memory: 1.0) is invalid"),
        (sized((0.3, "0.6Gi")), "template.containers", "CPU - Memory combinations"),
        (sized((4.25, "8.5Gi")), "template.containers", "CPU - Memory combinations"),
        (sized((4, "8Gi"), (0.25, "0.5Gi")), "template.containers", "CPU: 4.25"),
        (sized((0.25, "512Mi")), "template.containers", "memory '512Mi' must be a number of Gi"),
        (with_init(0.75), "template.initContainers[0].resources.cpu", "more CPU than the total CPU 0.5"),
        (probed("Liveness", failureThreshold=31), "template.containers[0].probes", "['1', '30']"),
        (probed("Readiness", failureThreshold=49), "template.containers[0].probes", "['1', '48']"),
        (probed("Startup", failureThreshold=241), "template.containers[0].probes", "['1', '240']"),
        (probed("Startup", periodSeconds=0), "template.containers[0].probes", "periodSeconds must be in the range"),
        (probed("Liveness", initialDelaySeconds=61), "template.containers[0].probes", "initialDelaySeconds"),
        (
            scaled(custom={"type": "azure-servicebus", "metadata": {"messageCount": "0"}}),
            "template.scale.rules[0].custom.metadata.messageCount",
            "'0' must be a whole number of at least 1",
        ),
        (with_ingress(targetPort=None), "configuration.ingress.targetPort", "does not imitate"),
        (app(containers=[container(env=[{"value": "1"}])]), "template.containers[0].env", "has no name"),
        (app(containers=[container(probes=[{"httpGet": {}}])]), "template.containers[0].probes", "needs a type"),
        (app(containers=[container(probes=[{"type": "Liveness"}])]), "template.containers[0].probes", "httpGet or"),
        ({"configuration": {"activeRevisionsMode": "Labels"}}, "configuration.activeRevisionsMode", "or Multiple"),
        ({"configuration": {"secrets": [{"value": "1"}]}}, "configuration.secrets", "has no name"),
        ({"configuration": {"registries": [{"identity": "i"}]}}, "configuration.registries", "has no server"),
        ({"identity": {"type": "SystemAssigned"}}, "identity.type", "a user-assigned one"),
    ],
)
def test_container_apps_refuses_this(inputs: dict[str, Any], at: str, text: str) -> None:
    found = dict(template_problems(inputs))

    assert list(found) == [at]
    assert text in found[at]
