"""The ingress of a container app as it holds for its revisions: who gets which requests, and who may ask."""

from collections.abc import Callable, Collection, Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any, Final

from localazure.containers.running_app import OWN, Routes
from localazure.errors import AzureError

_LATEST: Final[Sequence[Mapping[str, Any]]] = ({"latestRevision": True, "weight": 100},)
"""The default traffic (learn.microsoft.com/azure/container-apps/traffic-splitting)."""


def routes_of(ingress: Mapping[str, Any], *, latest: str, known: Collection[str]) -> Routes:
    """The revisions behind the app's own address and behind each label.

    A deactivated revision is a valid target, and answers nothing (github.com/microsoft/azure-container-apps/
    issues/1345); so is the one that the same PUT makes.

    Args:
        ingress: as declared.
        latest: name of the revision of the template.
        known: names of all revisions of the app.

    Raises:
        AzureError: an entry names a revision that is not there, or none: the operation expires then
            (github.com/hashicorp/terraform-provider-azurerm/issues/27221).
    """
    app = latest.rpartition("--")[0]
    shares: list[tuple[int, str]] = []
    routes: dict[str, list[tuple[int, str]]] = {OWN: shares}
    for rule in ingress.get("traffic") or _LATEST:
        name = latest if rule.get("latestRevision") else rule.get("revisionName")
        if name is None:
            reason = f"Failed to provision revision for container app '{app}'. Error details: Operation expired."
            raise AzureError(400, "ContainerAppOperationError", f"{reason} A traffic entry names no revision.")
        if name not in known:
            reason = f"Revision '{name}' of container app '{app}' does not exist. It has: {', '.join(known)}"
            raise AzureError(400, "RevisionNotFound", reason)
        shares.append((rule.get("weight", 0), name))
        if label := rule.get("label"):
            routes[label] = [(1, name)]
    return routes


def admission(ingress: Mapping[str, Any]) -> Callable[[str], bool]:
    """Who may ask, by address: rules allow some and refuse the others, or the reverse."""
    rules = ingress.get("ipSecurityRestrictions", [])
    ranges = [ip_network(rule["ipAddressRange"], strict=False) for rule in rules]
    inside_is_allowed = any(rule["action"] == "Allow" for rule in rules)

    def admits(address: str) -> bool:
        return not rules or any(ip_address(address) in each for each in ranges) == inside_is_allowed

    return admits
