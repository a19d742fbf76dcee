"""How many replicas a container app has."""

from typing import Any

from policy.checks import between, given, value_at
from policy.registration import UNKNOWN, Inputs, Registration, Tape, registered
from policy.rule import AnyRule, ResourceRule, TapeRule

APP = "app:ContainerApp"
ENVIRONMENT = "app:ManagedEnvironment"
_INGRESS = {"external": True, "targetPort": 8080}


def _replicas_in_order(inputs: Inputs) -> str | None:
    least, most = value_at(inputs, "template.scale.minReplicas") or 0, value_at(inputs, "template.scale.maxReplicas")
    unclear = UNKNOWN in (least, most)
    return None if unclear or (most is not None and least <= most) else f"minReplicas {least}, maxReplicas {most}"


def _zone_replicas(app: Registration, tape: Tape) -> str | None:
    environments = [other for other in tape.of(ENVIRONMENT) if other.is_named_in(app.inputs.get("environmentId"))]
    least = value_at(app.inputs, "template.scale.minReplicas")
    zones = any(other.inputs.get("zoneRedundant") for other in environments)
    served = value_at(app.inputs, "configuration.ingress") is not None
    return between("template.scale.minReplicas", 3, 1000)(app.inputs) if zones and served and least != UNKNOWN else None


def _app(**template: Any) -> Inputs:
    return {"template": template}


RULES: tuple[AnyRule, ...] = (
    ResourceRule(
        id="app-min-replicas",
        title="An app that serves requests keeps at least two replicas",
        reason="With one, every restart and every move by the platform is an outage.",
        source="PSRule Azure.ContainerApp.MinReplicas",
        fix="Set template.scale.minReplicas to 2 or more.",
        types=(APP,),
        check=lambda inputs: (
            between("template.scale.minReplicas", 2, 1000)(inputs)
            if value_at(inputs, "configuration.ingress")
            else None
        ),
        passes={"configuration": {"ingress": _INGRESS}, **_app(scale={"minReplicas": 2})},
        violates={"configuration": {"ingress": _INGRESS}, **_app(scale={"minReplicas": 1})},
    ),
    ResourceRule(
        id="app-replicas-in-order",
        title="The least number of replicas is not above the most",
        reason="Azure refuses it in the middle of a deployment.",
        source="Microsoft, Scaling in Container Apps",
        fix="Raise maxReplicas or lower minReplicas.",
        types=(APP,),
        check=_replicas_in_order,
        passes=_app(scale={"minReplicas": 2, "maxReplicas": 5}),
        violates=_app(scale={"minReplicas": 6, "maxReplicas": 5}),
    ),
    ResourceRule(
        id="app-scale-rule",
        title="An app says what it scales on",
        reason="The default of ten requests per replica fits nothing, and without ingress it never starts from zero.",
        source="Microsoft, Scaling in Container Apps",
        fix="Declare template.scale.rules.",
        types=(APP,),
        check=given("template.scale.rules"),
        passes=_app(scale={"rules": [{"name": "http", "http": {"metadata": {"concurrentRequests": "50"}}}]}),
        violates=_app(scale={"rules": []}),
    ),
    TapeRule(
        id="app-zone-replicas",
        title="In a zone-redundant environment an app that serves keeps three replicas",
        reason="With fewer, some zone has none and its loss is felt.",
        source="PSRule Azure.ContainerApp.MinReplicas; Microsoft, Reliability in Container Apps",
        fix="Set template.scale.minReplicas to 3 or more.",
        types=(APP,),
        check=_zone_replicas,
        passes=(
            registered(ENVIRONMENT, {"environmentName": "cae", "zoneRedundant": True}),
            registered(
                APP,
                {
                    "environmentId": "/managedEnvironments/cae",
                    "configuration": {"ingress": _INGRESS},
                    **_app(scale={"minReplicas": 3}),
                },
            ),
        ),
        violates=(
            registered(ENVIRONMENT, {"environmentName": "cae", "zoneRedundant": True}),
            registered(
                APP,
                {
                    "environmentId": "/managedEnvironments/cae",
                    "configuration": {"ingress": _INGRESS},
                    **_app(scale={"minReplicas": 2}),
                },
            ),
        ),
    ),
)
