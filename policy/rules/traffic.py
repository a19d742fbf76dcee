"""How requests reach a container app."""

from policy.checks import each, expect, holds, items_at, known, not_on, value_at
from policy.registration import UNKNOWN, Inputs
from policy.rule import AnyRule, ResourceRule

APP = "app:ContainerApp"
_INGRESS = {"external": True, "targetPort": 8080}


def _weights(inputs: Inputs) -> str | None:
    weights = [entry.get("weight", 0) for entry in items_at(inputs, "configuration.ingress.traffic")]
    unclear = UNKNOWN in weights or not value_at(inputs, "configuration.ingress")
    return None if unclear or sum(weights) == 100 else f"the weights of configuration.ingress.traffic are {weights}"  # noqa: PLR2004 - per cent


def _named_traffic(inputs: Inputs) -> str | None:
    traffic = items_at(inputs, "configuration.ingress.traffic")
    latest = [entry for entry in traffic if entry.get("latestRevision")]
    return (
        f"{len(latest)} of {len(traffic)} traffic entries follow the latest revision"
        if latest and traffic[1:]
        else None
    )


RULES: tuple[AnyRule, ...] = (
    ResourceRule(
        id="app-https-only",
        title="A container app refuses plain HTTP",
        reason="Tokens would cross the network in clear.",
        source="PSRule Azure.ContainerApp.Insecure",
        fix="Set configuration.ingress.allowInsecure to false.",
        types=(APP,),
        check=not_on("configuration.ingress.allowInsecure"),
        passes={"configuration": {"ingress": {"allowInsecure": False}}},
        violates={"configuration": {"ingress": {"allowInsecure": True}}},
    ),
    ResourceRule(
        id="app-no-affinity",
        title="Requests stick to no replica",
        reason="Load cannot spread, and a lost replica loses its sessions.",
        source="PSRule Azure.ContainerApp.DisableAffinity",
        fix="Remove configuration.ingress.stickySessions and keep sessions in the cache.",
        types=(APP,),
        check=expect("configuration.ingress.stickySessions.affinity", "none", None),
        passes={"configuration": {"ingress": {"stickySessions": {"affinity": "none"}}}},
        violates={"configuration": {"ingress": {"stickySessions": {"affinity": "sticky"}}}},
    ),
    ResourceRule(
        id="app-restrictions-alike",
        title="Address restrictions of an app all allow",
        reason="A list that denies some addresses lets in all the others.",
        source="PSRule Azure.ContainerApp.RestrictIngress",
        fix="List the ranges that may come in, each with the action Allow.",
        types=(APP,),
        check=each("configuration.ingress.ipSecurityRestrictions", check=expect("action", "Allow")),
        passes={"configuration": {"ingress": {"ipSecurityRestrictions": [{"name": "a", "action": "Allow"}]}}},
        violates={"configuration": {"ingress": {"ipSecurityRestrictions": [{"name": "a", "action": "Deny"}]}}},
    ),
    ResourceRule(
        id="app-cors-named",
        title="Cross-origin requests are allowed to named origins only",
        reason="Any web page could call the API with the visitor's credentials.",
        source="checkov CKV_AZURE_57 intent",
        fix="Name the origins in configuration.ingress.corsPolicy.allowedOrigins.",
        types=(APP,),
        check=holds("configuration.ingress.corsPolicy.allowedOrigins", lambda v: "*" not in (v or []), "named origins"),
        passes={"configuration": {"ingress": {"corsPolicy": {"allowedOrigins": ["https://a.example"]}}}},
        violates={"configuration": {"ingress": {"corsPolicy": {"allowedOrigins": ["*"]}}}},
    ),
    ResourceRule(
        id="app-traffic-whole",
        title="Traffic weights make 100",
        reason="Azure refuses the app in the middle of a release.",
        source="Microsoft, Traffic splitting in Container Apps",
        fix="Let the release make the whole traffic list.",
        types=(APP,),
        check=known("configuration.ingress.traffic", check=_weights),
        passes={"configuration": {"ingress": {"traffic": [{"revisionName": "a--1", "weight": 100}]}}},
        violates={"configuration": {"ingress": {"traffic": [{"revisionName": "a--1", "weight": 95}]}}},
    ),
    ResourceRule(
        id="app-traffic-named",
        title="A split names its revisions",
        reason="An entry that follows the latest revision moves traffic to code that nobody has looked at.",
        source="own",
        fix="Name a revision in every entry when there is more than one.",
        types=(APP,),
        check=_named_traffic,
        passes={"configuration": {"ingress": {"traffic": [{"revisionName": "a--1"}, {"revisionName": "a--2"}]}}},
        violates={"configuration": {"ingress": {"traffic": [{"revisionName": "a--1"}, {"latestRevision": True}]}}},
    ),
    ResourceRule(
        id="app-revisions-multiple",
        title="An app that serves requests can have two revisions at once",
        reason="In Single mode nothing is tried before all traffic is on it, and there is nothing to go back to.",
        source="own; Microsoft, Blue-green deployment in Container Apps",
        fix="Set configuration.activeRevisionsMode to Multiple.",
        types=(APP,),
        check=lambda inputs: (
            expect("configuration.activeRevisionsMode", "Multiple")(inputs)
            if value_at(inputs, "configuration.ingress")
            else None
        ),
        passes={"configuration": {"activeRevisionsMode": "Multiple", "ingress": _INGRESS}},
        violates={"configuration": {"activeRevisionsMode": "Single", "ingress": _INGRESS}},
    ),
)
