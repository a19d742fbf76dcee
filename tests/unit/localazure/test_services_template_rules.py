from typing import Any

import pytest

from localazure.services.template_rules import template_problems


def app(**changes: Any) -> dict[str, Any]:
    return {"template": {"containers": [container()], **changes}}


def container(**changes: Any) -> dict[str, Any]:
    return {"name": "api", "image": "registry.azurecr.io/api@sha256:0", **changes}


def sized(*pairs: tuple[float, str]) -> dict[str, Any]:
    return app(containers=[container(resources={"cpu": cpu, "memory": memory}) for cpu, memory in pairs])


def with_ingress(**ingress: Any) -> dict[str, Any]:
    return {**app(), "configuration": {"ingress": {"targetPort": 8080, **ingress}}}


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        app(),
        app(scale={"minReplicas": 0, "maxReplicas": 1}),
        app(scale={"minReplicas": 1000, "maxReplicas": 1000}),
        sized((0.25, "0.5Gi")),
        sized((4, "8Gi")),
        sized((0.25, "0.5Gi"), (0.5, "1.0Gi")),
        with_ingress(traffic=[{"latestRevision": True, "weight": 100}]),
        app(containers=[container(probes=[{"type": "Liveness", "httpGet": {"port": 1}}])]),
        {**app(), "identity": {"type": "UserAssigned"}, "configuration": {"activeRevisionsMode": "Single"}},
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
        (app(scale={"minReplicas": 3, "maxReplicas": 2}), "template.scale.minReplicas", "(3) cannot be greater"),
        (app(scale={"minReplicas": 11}), "template.scale.minReplicas", "maxReplicas (10)"),
        (app(scale={"minReplicas": 0, "maxReplicas": 0}), "template.scale", "the greater at least 1"),
        (app(scale={"minReplicas": -1}), "template.scale", "replicas -1 to 10"),
        (app(scale={"maxReplicas": 1001}), "template.scale", "0 to 1000"),
        (sized((0.25, "1Gi")), "template.containers", "(CPU: 0.25, memory: 1.0) is invalid"),
        (sized((0.3, "0.6Gi")), "template.containers", "CPU - Memory combinations"),
        (sized((4.25, "8.5Gi")), "template.containers", "CPU - Memory combinations"),
        (sized((4, "8Gi"), (0.25, "0.5Gi")), "template.containers", "CPU: 4.25"),
        (sized((0.25, "512Mi")), "template.containers", "memory '512Mi' must be a number of Gi"),
        (with_ingress(targetPort=None), "configuration.ingress.targetPort", "does not imitate"),
        (with_ingress(traffic=[{"weight": 50}, {"weight": 40}]), "configuration.ingress.traffic", "not 90"),
        (with_ingress(traffic=[{"revisionName": "a--1", "weight": 100}]), "configuration.ingress.traffic", "named"),
        (app(containers=[container(env=[{"value": "1"}])]), "template.containers[0].env", "has no name"),
        (app(containers=[container(probes=[{"httpGet": {}}])]), "template.containers[0].probes", "needs a type"),
        (app(containers=[container(probes=[{"type": "Liveness"}])]), "template.containers[0].probes", "httpGet or"),
        ({"configuration": {"activeRevisionsMode": "Multiple"}}, "configuration.activeRevisionsMode", "mode Single"),
        ({"configuration": {"secrets": [{"value": "1"}]}}, "configuration.secrets", "has no name"),
        ({"configuration": {"registries": [{"identity": "i"}]}}, "configuration.registries", "has no server"),
        ({"identity": {"type": "SystemAssigned"}}, "identity.type", "a user-assigned one"),
    ],
)
def test_container_apps_refuses_this(inputs: dict[str, Any], at: str, text: str) -> None:
    found = dict(template_problems(inputs))

    assert list(found) == [at]
    assert text in found[at]
