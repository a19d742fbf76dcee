"""The virtual network: a subnet for the container apps, a subnet for private endpoints, and private names.

The subnets are resources of their own, so the network ignores the list that Azure keeps in it; they are made one
after the other, because parallel writes to a network fail (`AnotherOperationInProgress`). The subnet of the apps
states its one range in `address_prefix`: an environment does not find a subnet with a list of ranges
(github.com/microsoft/azure-container-apps/issues/786). Default outbound access is off for the endpoints; a delegated
subnet has none, its service brings its own way out (Microsoft, "Default outbound access in Azure"), so there is no
NAT gateway.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network

from components import names
from components.networking import address_plan, security_rules
from components.networking.private_endpoints import PrivateEndpoints
from components.networking.private_link import PrivateLink
from components.platform import Platform
from components.section import Conflict, Section


class NetworkSettings(Section):
    """The address plan; a range cannot be changed while something lives in it."""

    address_space: address_plan.Range
    """Private range of the whole network."""
    apps_subnet: address_plan.Range
    """Range of the container apps, /27 or larger: ten replicas share an address, and an update needs twice as many."""
    endpoints_subnet: address_plan.Range
    """Range of the private endpoints, /28 or larger."""

    def conflicts(self) -> Iterator[Conflict]:
        """Yield ranges that are none, reserved, too small, outside of the network or in each other's way."""
        subnets = {"apps_subnet": (self.apps_subnet, 27), "endpoints_subnet": (self.endpoints_subnet, 28)}
        yield from address_plan.conflicts(self.address_space, subnets)


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """Arguments of `Network`."""

    platform: Platform
    settings: NetworkSettings


class Network(pulumi.ComponentResource):
    """A virtual network with two guarded subnets."""

    apps_subnet_id: pulumi.Output[str]
    """Where the Container Apps environment lives; nothing else may."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("digitalmee:components:Network", name, None, opts)
        platform, settings = args.platform, args.settings
        apps, endpoints = settings.apps_subnet, settings.endpoints_subnet
        self._name = name
        self._platform = platform
        virtual = network.VirtualNetwork(
            name,
            virtual_network_name=names.virtual_network(platform.environment),
            resource_group_name=platform.resource_group_name,
            address_space=network.AddressSpaceArgs(address_prefixes=[settings.address_space]),
            tags=platform.tags(name),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True, ignore_changes=["subnets"]),
        )
        apps_subnet = network.Subnet(
            f"{name}-apps",
            subnet_name=names.subnet("apps"),
            virtual_network_name=virtual.name,
            resource_group_name=platform.resource_group_name,
            address_prefix=apps,
            delegations=[network.DelegationArgs(name="container-apps", service_name="Microsoft.App/environments")],
            network_security_group=self._guard("apps", security_rules.of_apps(apps, endpoints)),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        endpoints_subnet = network.Subnet(
            f"{name}-endpoints",
            subnet_name=names.subnet("endpoints"),
            virtual_network_name=virtual.name,
            resource_group_name=platform.resource_group_name,
            address_prefix=endpoints,
            default_outbound_access=False,
            private_endpoint_network_policies="Enabled",  # or the security group would not hold for endpoints
            network_security_group=self._guard("endpoints", security_rules.of_endpoints(endpoints, apps)),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True, depends_on=[apps_subnet]),
        )
        self._endpoints = PrivateEndpoints(
            name=name, platform=platform, network_id=virtual.id, subnet_id=endpoints_subnet.id, parent=self
        )
        self.apps_subnet_id = apps_subnet.id
        self.register_outputs({"apps_subnet_id": self.apps_subnet_id})

    def connect(self, links: Mapping[str, PrivateLink | None]) -> list[pulumi.Resource]:
        """Make private endpoints with their names, and return what must exist before a service is first called.

        Call it once: the zones of the services that are used are made here.

        Args:
            links: What the services offer, by the name of their component; None for one that stays public.
        """
        return self._endpoints.connect({target: link for target, link in links.items() if link})

    def _guard(self, purpose: str, rules: list[network.SecurityRuleArgs]) -> network.NetworkSecurityGroupArgs:
        group = network.NetworkSecurityGroup(
            f"{self._name}-{purpose}",
            network_security_group_name=names.security_group(self._platform.environment, purpose),
            resource_group_name=self._platform.resource_group_name,
            security_rules=rules,
            tags=self._platform.tags(self._name),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        return network.NetworkSecurityGroupArgs(id=group.id)
