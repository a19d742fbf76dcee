"""Microsoft.Network: virtual networks, subnets and network security groups. Ranges and rules; no packet is filtered.

Codes and texts of overlaps and ranges: github.com/MicrosoftDocs/azure-docs/pull/123869.
"""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network
from typing import Any

from localazure.errors import AzureError
from localazure.resource_type import RESOURCE_GROUP, ResourceType, name_problem
from localazure.services.security_rules import rule_problems
from localazure.store import Record
from localazure.subscription import Subscription
from localazure.validation import Problem

CONTAINER_APPS = "Microsoft.App/environments"
_NETWORK = RESOURCE_GROUP + "/providers/Microsoft.Network/virtualNetworks/{virtualNetworkName}"
_SMALLEST = 29
"""Microsoft, "Azure Virtual Network FAQ": subnets are /29 or larger."""


def network_name(inputs: dict[str, Any], key: str, least: int = 1, most: int = 80) -> Iterator[Problem]:
    """A name that Microsoft.Network does not take (Microsoft Learn, "Naming rules and restrictions")."""
    return name_problem(
        inputs,
        key,
        rf"(?=.{{{least},{most}}}$)[A-Za-z0-9](?:[\w.-]*\w)?",
        f"{least}-{most} letters, digits, underscores, periods and hyphens, from a letter or digit to a letter, digit "
        "or underscore.",
    )


def need_reference(subscription: Subscription, referenced: str, by: Record) -> Record:
    """The resource that another one refers to. Raises AzureError in the words of the network provider."""
    found = subscription.get(referenced)
    if found is None:
        raise AzureError(
            400,
            "InvalidResourceReference",
            f"Resource {referenced} referenced by resource {by.id} was not found. Please make sure that the referenced "
            "resource exists, and that both resources are in the same region.",
        )
    return found


def range_of(subnet: Record) -> IPv4Network:
    """The range of a subnet."""
    return IPv4Network(_prefixes(subnet.inputs)[0])


def users_of(subscription: Subscription, subnet: Record) -> list[str]:
    """Ids of what lives in a subnet: of an environment its link, of private endpoints themselves."""

    def inside(record: Record, section: str, key: str) -> bool:
        return record.inputs.get(section, {}).get(key, "").lower() == subnet.id.lower()

    environments = subscription.find("app:ManagedEnvironment")
    hosted = any(inside(each, "vnetConfiguration", "infrastructureSubnetId") for each in environments)
    endpoints = [each.id for each in subscription.find("network:PrivateEndpoint") if inside(each, "subnet", "id")]
    # the name of the link is the service's own
    return [f"{subnet.id}/serviceAssociationLinks/legionservicelink"] * hosted + endpoints


class VirtualNetwork(ResourceType):
    """A virtual network. Its subnets are resources of their own."""

    token = "network:VirtualNetwork"
    path = _NETWORK

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, ranges that are none, and subnets inside of it, which have no imitation."""
        yield from network_name(inputs, "virtualNetworkName", 2, 64)
        for index, prefix in enumerate(_spaces(inputs)):
            yield from _range_problems(prefix, f"addressSpace.addressPrefixes[{index}]")
        if inputs.get("subnets"):
            yield "subnets", "subnets inside a network have no imitation; declare them as network:Subnet"

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse a network without a range, and a range that leaves one of the subnets outside."""
        if not _spaces(record.inputs):
            raise AzureError(400, "BadRequest", f"Virtual network '{record.name}' has no address prefix.")
        for subnet in self.subscription.find("network:Subnet") if previous else ():
            if subnet.id.lower().startswith(f"{record.id.lower()}/"):
                _check_inside(range_of(subnet), subnet.name, record)


class Subnet(ResourceType):
    """A subnet, for one service that it is delegated to or for private endpoints."""

    token = "network:Subnet"
    path = _NETWORK + "/subnets/{subnetName}"
    force_new = frozenset[str]()

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, and a range that is none or too small."""
        yield from network_name(inputs, "subnetName")
        for prefix in _prefixes(inputs):
            yield from _range_problems(prefix, "addressPrefix")

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse no range, one beside the network's or over another's, and changes under those who live in it.

        Raises:
            AzureError: in the words of the service.
        """
        network = self.subscription.need(record.id.rsplit("/subnets/", 1)[0])
        if len(_prefixes(record.inputs)) != 1:
            raise AzureError(400, "BadRequest", f"Subnet '{record.name}' needs one address prefix, in addressPrefix.")
        own = range_of(record)
        _check_inside(own, record.name, network)
        for other in self.subscription.find("network:Subnet"):
            sibling = other.id.lower().startswith(f"{network.id.lower()}/") and other.id.lower() != record.id.lower()
            if sibling and range_of(other).overlaps(own):
                raise AzureError(
                    400,
                    "NetcfgSubnetRangesOverlap",
                    f"Subnet '{record.name}' is not valid because its IP address range overlaps with that of an "
                    f"existing subnet in virtual network '{network.name}'.",
                )
        if group := record.inputs.get("networkSecurityGroup", {}).get("id"):
            need_reference(self.subscription, group, record)
        if previous:
            self._check_users(record, previous)

    def _check_users(self, record: Record, previous: Record) -> None:
        """A subnet in use keeps range and delegation (github.com/MicrosoftDocs/azure-docs/issues/92894)."""
        users = users_of(self.subscription, record)
        if users and range_of(record) != range_of(previous):
            raise AzureError(
                400,
                "InUsePrefixCannotBeDeleted",
                f"IpPrefix {range_of(previous)} on Subnet {record.name} has active allocations and cannot be deleted.",
            )
        links = [user for user in users if "/serviceAssociationLinks/" in user]
        if links and CONTAINER_APPS not in delegations(record):
            raise AzureError(
                400,
                "SubnetMissingRequiredDelegation",
                f"Subnet {record.id} requires any of the following delegation(s) [{CONTAINER_APPS}] to reference "
                f"service association link {links[0]}.",
            )

    async def delete(self, record: Record) -> None:
        """Refuse while something lives in it (github.com/hashicorp/terraform-provider-azurerm/issues/334)."""
        if users := users_of(self.subscription, record):
            raise AzureError(
                400,
                "InUseSubnetCannotBeDeleted",
                f"Subnet {record.name} is in use by {users[0]} and cannot be deleted. In order to delete the subnet, "
                "delete all the resources within the subnet. See aka.ms/deletesubnet.",
            )


class NetworkSecurityGroup(ResourceType):
    """A network security group with its rules inside."""

    token = "network:NetworkSecurityGroup"
    path = RESOURCE_GROUP + "/providers/Microsoft.Network/networkSecurityGroups/{networkSecurityGroupName}"

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, and rules that contradict themselves or each other."""
        yield from network_name(inputs, "networkSecurityGroupName")
        yield from rule_problems(inputs.get("securityRules", []))

    async def delete(self, record: Record) -> None:
        """Refuse while a subnet has it."""
        subnets = [
            subnet.id
            for subnet in self.subscription.find("network:Subnet")
            if subnet.inputs.get("networkSecurityGroup", {}).get("id", "").lower() == record.id.lower()
        ]
        if subnets:
            raise AzureError(
                400,
                "InUseNetworkSecurityGroupCannotBeDeleted",
                f"Network security group {record.id} cannot be deleted because it is in use by the following "
                f"resources: {', '.join(subnets)}. In order to delete the Network security group, remove the "
                "association with the resource(s). To learn how to do this, see aka.ms/deletensg.",
            )


def delegations(subnet: Record) -> set[str]:
    """The services that a subnet is delegated to."""
    return {delegation.get("serviceName", "") for delegation in subnet.inputs.get("delegations", [])}


def _spaces(inputs: dict[str, Any]) -> list[str]:
    return inputs.get("addressSpace", {}).get("addressPrefixes", [])


def _prefixes(inputs: dict[str, Any]) -> list[str]:
    return [inputs["addressPrefix"]] if "addressPrefix" in inputs else inputs.get("addressPrefixes", [])


def _range_problems(prefix: str, at: str) -> Iterator[Problem]:
    try:
        network = IPv4Network(prefix, strict=False)
    except ValueError:
        yield at, f"'{prefix}' has an invalid CIDR notation"
        return
    if str(network) != prefix:
        fix = f"For the given prefix length, the address prefix should be {network}"
        yield at, f"'{prefix}' has an invalid CIDR notation. {fix}"
    if network.prefixlen > _SMALLEST:
        yield at, f"'{prefix}' is too small: /{_SMALLEST} or larger"


def _check_inside(own: IPv4Network, name: str, network: Record) -> None:
    if not any(own.subnet_of(IPv4Network(space)) for space in _spaces(network.inputs)):
        raise AzureError(
            400,
            "NetcfgSubnetRangeOutsideVnet",
            f"Subnet '{name}' is not valid because its IP address range is outside the IP address range of virtual "
            f"network '{network.name}'.",
        )
