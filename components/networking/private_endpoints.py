"""Private endpoints, and the private DNS zones that turn a service's public name into an address of the network.

A service keeps its host name. Inside the network the name leads to the `privatelink` zone of its kind, where the zone
group of the endpoint registers the private address.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network, privatedns

from components import names
from components.networking.private_link import PrivateLink, PrivateService
from components.platform import Platform


@dataclass(frozen=True, kw_only=True)
class PrivateEndpoints:
    """Makes the endpoints of one network, as children of the component `parent` with the logical name `name`."""

    name: str
    platform: Platform
    network_id: pulumi.Output[str]
    subnet_id: pulumi.Output[str]
    parent: pulumi.Resource

    def connect(self, links: Mapping[str, PrivateLink]) -> list[pulumi.Resource]:
        """Make an endpoint per link and a zone per kind of service, and return the links and groups of the zones."""
        services = dict.fromkeys(link.service for link in links.values())
        zones = {service: self._zone(service) for service in services}
        groups = [self._endpoint(target, link, zones[link.service][0]) for target, link in links.items()]
        return [*(zone_link for _, zone_link in zones.values()), *groups]

    def _zone(self, service: PrivateService) -> tuple[privatedns.PrivateZone, privatedns.VirtualNetworkLink]:
        name = f"{self.name}-{service.name.lower()}-zone"
        opts = pulumi.ResourceOptions(parent=self.parent, delete_before_replace=True)
        zone = privatedns.PrivateZone(
            name,
            private_zone_name=service.zone,
            resource_group_name=self.platform.resource_group_name,
            location="global",  # its only region: the default of the program would be refused
            tags=self.platform.tags(self.name),
            opts=opts,
        )
        link = privatedns.VirtualNetworkLink(
            f"{name}-link",
            virtual_network_link_name=names.virtual_network(self.platform.environment),
            private_zone_name=zone.name,
            resource_group_name=self.platform.resource_group_name,
            location="global",
            registration_enabled=False,
            virtual_network=privatedns.SubResourceArgs(id=self.network_id),
            tags=self.platform.tags(self.name),
            opts=opts,
        )
        return zone, link

    def _endpoint(self, target: str, link: PrivateLink, zone: privatedns.PrivateZone) -> network.PrivateDnsZoneGroup:
        group, name = self.platform.resource_group_name, f"{self.name}-{target}"
        opts = pulumi.ResourceOptions(parent=self.parent, delete_before_replace=True)
        connection = network.PrivateLinkServiceConnectionArgs(
            name=target, private_link_service_id=link.resource_id, group_ids=[link.service.group_id]
        )
        endpoint = network.PrivateEndpoint(
            f"{name}-endpoint",
            private_endpoint_name=names.private_endpoint(self.platform.environment, target),
            resource_group_name=group,
            subnet=network.SubnetArgs(id=self.subnet_id),
            private_link_service_connections=[connection],
            tags=self.platform.tags(self.name),
            opts=opts,
        )
        return network.PrivateDnsZoneGroup(
            f"{name}-names",
            private_dns_zone_group_name="names",
            private_endpoint_name=endpoint.name,
            resource_group_name=group,
            private_dns_zone_configs=[
                network.PrivateDnsZoneConfigArgs(name=link.service.name.lower(), private_dns_zone_id=zone.id)
            ],
            opts=opts,
        )
