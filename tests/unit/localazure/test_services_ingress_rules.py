from typing import Any

import pytest

from localazure.services.ingress_rules import ingress_problems

AT = "configuration.ingress"
NAMED = {"revisionName": "api--v1", "weight": 100}
OFFICE = {"name": "office", "action": "Allow", "ipAddressRange": "192.0.2.0/24"}


def ingress(mode: str = "Multiple", **changes: Any) -> dict[str, Any]:
    return {"activeRevisionsMode": mode, "ingress": {"targetPort": 8080, **changes}}


def shared(*rules: dict[str, Any]) -> dict[str, Any]:
    return ingress(traffic=list(rules))


@pytest.mark.parametrize(
    "configuration",
    [
        {},
        ingress(),
        ingress("Single", traffic=[{"latestRevision": True, "weight": 100}]),
        ingress("Single", stickySessions={"affinity": "none"}, transport="http", clientCertificateMode="ignore"),
        shared(NAMED),
        shared({**NAMED, "label": "live"}, {"revisionName": "api--v2", "weight": 0, "label": "candidate"}),
        shared({**NAMED, "weight": 1}, {"latestRevision": True, "weight": 99}),
        shared({**NAMED, "latestRevision": False}),
        ingress(ipSecurityRestrictions=[OFFICE, {**OFFICE, "ipAddressRange": "198.51.100.7"}]),
    ],
)
def test_container_apps_takes_this_ingress(configuration: dict[str, Any]) -> None:
    assert dict(ingress_problems(configuration)) == {}


@pytest.mark.parametrize(
    ("configuration", "at", "text"),
    [
        (shared({**NAMED, "weight": 50}, {"revisionName": "api--v2", "weight": 40}), "traffic", "not 50 + 40"),
        (shared({**NAMED, "weight": 101}, {"revisionName": "api--v2", "weight": -1}), "traffic", "none below 0"),
        (ingress("Single", traffic=[NAMED]), "traffic", "can not be used in this mode"),
        (shared({**NAMED, "latestRevision": True}), "traffic", "either a revision or latestRevision"),
        (shared(*({"latestRevision": True, "weight": 50},) * 2), "traffic", "latestRevision is there twice"),
        (shared(*({**NAMED, "weight": 50, "label": "live"},) * 2), "traffic", "label 'live' is on 2 revisions"),
        (shared({**NAMED, "label": "Live"}), "traffic", "label 'Live' must be"),
        (ingress(stickySessions={"affinity": "sticky"}), "stickySessions", "need revision mode Single"),
        (ingress("Single", stickySessions={"affinity": "sticky"}), "stickySessions", "does not imitate"),
        (ingress(corsPolicy={"allowedOrigins": ["*"]}), "corsPolicy", "does not imitate corsPolicy"),
        (ingress(customDomains=[{"name": "api.example.com"}]), "customDomains", "does not imitate customDomains"),
        (ingress(targetPort=65536), "targetPort", "'65536' is not a port"),
        (shared({"weight": 100}), "traffic", "neither a revision nor latestRevision"),
        (ingress(exposedPort=81), "exposedPort", "does not imitate"),
        (ingress(additionalPortMappings=[{"targetPort": 1}]), "additionalPortMappings", "does not imitate"),
        (ingress(transport="Tcp"), "transport", "does not imitate transport Tcp"),
        (ingress(clientCertificateMode="require"), "clientCertificateMode", "client certificates"),
        (ingress(ipSecurityRestrictions=[OFFICE, {**OFFICE, "action": "Deny"}]), "ipSecurityRestrictions", "ALL Deny"),
        (
            ingress(ipSecurityRestrictions=[{**OFFICE, "ipAddressRange": "AzureFrontDoor"}]),
            "ipSecurityRestrictions",
            "CIDR",
        ),
    ],
)
def test_container_apps_refuses_this_ingress(configuration: dict[str, Any], at: str, text: str) -> None:
    found = dict(ingress_problems(configuration))

    assert list(found) == [f"{AT}.{at}"]
    assert text in found[f"{AT}.{at}"]
