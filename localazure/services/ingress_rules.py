"""What is refused of the ingress of a container app by its inputs alone.

Rules: the descriptions of `Ingress` in the ARM schema of 2025-02-02-preview, and Microsoft Learn, "Traffic splitting in
Azure Container Apps". Where the words of the service are not known, they are ours.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any, Final

from localazure.validation import Problem

Values = Mapping[str, Any]

FULL_WEIGHT: Final = 100
PORTS: Final = range(1, 65536)
LABEL: Final = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_AT: Final = "configuration.ingress"
_INERT_CERTIFICATES: Final = ("ignore", "Ignore")


def ingress_problems(configuration: Values) -> Iterator[Problem]:
    """What Container Apps refuses of an ingress, and what it takes but is not imitated."""
    ingress: Values = configuration.get("ingress", {})
    if not ingress:
        return
    if not ingress.get("targetPort"):
        yield f"{_AT}.targetPort", not_imitated("the detection of the port", "a target port")
    elif ingress["targetPort"] not in PORTS:
        yield f"{_AT}.targetPort", f"'{ingress['targetPort']}' is not a port: 1 to 65535"
    if ingress.get("transport", "").lower() in {"tcp", "http2"}:
        yield f"{_AT}.transport", not_imitated(f"transport {ingress['transport']}", "http or auto")
    for key in ("additionalPortMappings", "corsPolicy", "customDomains", "exposedPort"):
        if ingress.get(key):
            yield f"{_AT}.{key}", not_imitated(key, "an ingress without it")
    if ingress.get("clientCertificateMode", "ignore") not in _INERT_CERTIFICATES:
        yield f"{_AT}.clientCertificateMode", not_imitated("client certificates", "ignore")
    several = configuration.get("activeRevisionsMode", "Single") != "Single"
    if ingress.get("stickySessions", {}).get("affinity", "none") == "sticky":
        reason = "sticky sessions need revision mode Single" if several else not_imitated("session affinity", "none")
        yield f"{_AT}.stickySessions", reason
    yield from _traffic_problems(ingress.get("traffic", []), several=several)
    yield from _restriction_problems(ingress.get("ipSecurityRestrictions", []))


def _traffic_problems(rules: list[Values], *, several: bool) -> Iterator[Problem]:
    at = f"{_AT}.traffic"
    weights = [rule.get("weight", 0) for rule in rules]
    if weights and (sum(weights) != FULL_WEIGHT or min(weights) < 0):
        yield at, f"traffic weights must sum to 100, none below 0, not {' + '.join(map(str, weights))}"
    if not several and any("revisionName" in rule or "label" in rule for rule in rules):
        yield at, "Revision weights can not be used in this mode (Single): latestRevision takes all requests"
    if any(rule.get("latestRevision") and "revisionName" in rule for rule in rules):
        yield at, "an entry names either a revision or latestRevision"
    if any(not rule.get("latestRevision") and "revisionName" not in rule for rule in rules):
        yield at, "an entry names neither a revision nor latestRevision"
    if sum(bool(rule.get("latestRevision")) for rule in rules) > 1:
        yield at, "latestRevision is there twice"
    labels = Counter(rule["label"] for rule in rules if "label" in rule)
    for label, count in labels.items():
        if count > 1:
            yield at, f"label '{label}' is on {count} revisions: a label is unique in its app"
        if not LABEL.fullmatch(label):
            yield at, f"label '{label}' must be lower-case letters, digits and hyphens, from a letter to no hyphen"


def _restriction_problems(restrictions: list[Values]) -> Iterator[Problem]:
    at = f"{_AT}.ipSecurityRestrictions"
    if len({rule.get("action") for rule in restrictions}) > 1:
        yield at, "Rules can only consist of ALL Allow or ALL Deny"
    for rule in restrictions:
        try:
            ip_network(rule.get("ipAddressRange", "0.0.0.0/0"), strict=False)
        except ValueError:
            yield at, f"'{rule['ipAddressRange']}' is not an IPv4 address or range in CIDR notation"


def not_imitated(what: str, instead: str) -> str:
    """The reason of a refusal that is not Azure's."""
    return f"the embedded Azure does not imitate {what} (localazure/NONGOALS.md); use {instead}"
