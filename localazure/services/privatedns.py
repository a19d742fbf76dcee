"""Microsoft.Network/privateDnsZones: names inside virtual networks. Nothing is looked up in them here."""

from collections.abc import Iterable, Iterator
from typing import Any

from localazure.engine.diff import short_location
from localazure.errors import AzureError
from localazure.resource_type import RESOURCE_GROUP, ResourceType, name_problem
from localazure.services.network import need_reference, network_name
from localazure.store import Record
from localazure.validation import Problem

_ZONE = RESOURCE_GROUP + "/providers/Microsoft.Network/privateDnsZones/{privateZoneName}"


def _only_global(inputs: dict[str, Any], kind: str) -> Iterator[Problem]:
    location = inputs.get("location", "global")
    if short_location(location) != "global":
        fix = "List of available regions for the resource type is 'global'"
        yield "location", f"The provided location '{location}' is not available for resource type '{kind}'. {fix}"


class PrivateZone(ResourceType):
    """A private zone."""

    token = "privatedns:PrivateZone"
    path = _ZONE

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule (Microsoft, "Naming rules", privateDnsZones), and a region, of which it has none."""
        yield from name_problem(
            inputs,
            "privateZoneName",
            r"(?=.{1,63}$)[\w-]+(\.[\w-]+)+",
            "2-34 labels of letters, digits, underscores and hyphens, separated by periods, 63 characters at most.",
        )
        yield from _only_global(inputs, "Microsoft.Network/privateDnsZones")


class VirtualNetworkLink(ResourceType):
    """What makes a network look names up in a zone."""

    token = "privatedns:VirtualNetworkLink"
    path = _ZONE + "/virtualNetworkLinks/{virtualNetworkLinkName}"

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule (Microsoft, "Naming rules", privateDnsZones / virtualNetworkLinks), and a region."""
        yield from network_name(inputs, "virtualNetworkLinkName")
        yield from _only_global(inputs, "Microsoft.Network/privateDnsZones/virtualNetworkLinks")

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse a link of or to something that is not there, and a second zone of one name for a network.

        Raises:
            AzureError: in the words of the service (github.com/MicrosoftDocs/azure-aks-docs/issues/212).
        """
        del previous
        zone = self.subscription.need(record.id.rsplit("/virtualNetworkLinks/", 1)[0])
        network = need_reference(self.subscription, record.inputs.get("virtualNetwork", {}).get("id", ""), record)
        for other in self.subscription.find(self.token):
            same_network = other.inputs["virtualNetwork"]["id"].lower() == network.id.lower()
            same_zone = other.inputs["privateZoneName"].lower() == zone.name.lower()
            if same_network and same_zone and other.id.lower() != record.id.lower():
                raise AzureError(
                    400,
                    "BadRequest",
                    "A virtual network cannot be linked to multiple zones with overlapping namespaces. You tried to "
                    f"link virtual network with '{zone.name}' and '{other.inputs['privateZoneName']}' zones.",
                )
        record.outputs["virtualNetworkLinkState"] = "Completed"
