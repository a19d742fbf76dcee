from typing import Any

import pytest

from localazure.engine.wire import UNKNOWN
from localazure.shapes import project, resource_shape
from localazure.validation import problems

APP = resource_shape("app:ContainerApp")


def app(**template: Any) -> dict[str, Any]:
    return {"resourceGroupName": "rg", "template": template}


def found(inputs: dict[str, Any]) -> dict[str, str]:
    return dict(problems(APP.inputs, inputs))


def test_a_correct_app_has_no_problems() -> None:
    probe = {"type": "Liveness", "httpGet": {"path": "/health", "port": 8080}}
    container = {"name": "api", "image": "r/i@sha256:0", "resources": {"cpu": 0.5, "memory": "1Gi"}, "probes": [probe]}

    assert found(app(containers=[container], scale={"minReplicas": 1, "maxReplicas": 3})) == {}


@pytest.mark.parametrize(
    ("template", "where", "what"),
    [
        ({"container": []}, "template.container", "Could not find member 'container'"),
        ({"containers": [{"resources": {"cpu": "0.5"}}]}, "template.containers[0].resources.cpu", "of type 'number'"),
        ({"scale": {"maxReplicas": 1.5}}, "template.scale.maxReplicas", "must be an integer"),
        ({"containers": {}}, "template.containers", "should be an array"),
        ({"scale": []}, "template.scale", "should be an object"),
        (
            {"containers": [{"probes": [{"type": "Alive"}]}]},
            "template.containers[0].probes[0].type",
            "Allowed: Liveness, Readiness, Startup",
        ),
        (
            {"containers": [{"probes": [{"httpGet": {"path": "/"}}]}]},
            "template.containers[0].probes[0].httpGet.port",
            "missing required",
        ),
    ],
)
def test_what_arm_would_refuse_is_named_by_its_path(template: dict[str, Any], where: str, what: str) -> None:
    assert what in found(app(**template))[where]


def test_a_missing_required_property_is_named() -> None:
    assert "resourceGroupName" in found({"template": {}})


def test_a_value_that_only_the_deployment_will_tell_passes() -> None:
    assert found({"resourceGroupName": UNKNOWN, "environmentId": UNKNOWN, "template": UNKNOWN}) == {}


def test_a_discriminator_decides_which_shape_is_meant() -> None:
    alert = resource_shape("monitor:MetricAlert")
    criteria = {"odataType": "Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria", "webTestId": 7}

    assert any(at == "criteria.webTestId" for at, _ in problems(alert.inputs, {"criteria": criteria}))


def test_a_shape_knows_the_parts_of_the_id_and_the_api_version() -> None:
    assert set(APP.path_parameters) == {"resourceGroupName", "containerAppName"}
    assert APP.auto_named == ("containerAppName",)
    assert APP.api_version == "2025-02-02-preview"


def test_a_response_has_identities_by_id_and_no_write_only_values() -> None:
    vault_secret = resource_shape("keyvault:Secret")
    inputs = {"identity": {"type": "UserAssigned", "userAssignedIdentities": ["/i/a"]}}

    assert project(APP.outputs, inputs) == {
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {"/i/a": {}}}
    }
    assert "secretName" not in project(vault_secret.outputs, {"secretName": "s", "tags": {}})


def test_a_preview_fills_what_only_azure_knows_at_every_depth() -> None:
    outputs = project(APP.outputs, {"configuration": {"ingress": {"external": True}}}, missing=UNKNOWN)

    assert outputs["latestRevisionName"] == UNKNOWN
    assert (
        outputs["configuration"]["ingress"] | {"fqdn": UNKNOWN, "external": True} == outputs["configuration"]["ingress"]
    )
