"""The virtual network, its guards and private endpoints. Mocks prove construction, nothing of Azure."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from pydantic import ValidationError

from components.networking.network import Network, NetworkArgs, NetworkSettings
from components.networking.private_link import PrivateLink, PrivateService
from tests.tape import Tape, record, recorded_once
from tests.unit.components.parts import platform, tags

SETTINGS = NetworkSettings(address_space="10.20.0.0/16", apps_subnet="10.20.0.0/23", endpoints_subnet="10.20.2.0/26")


@recorded_once
def _tape(**services: PrivateService | None) -> Tape:
    def program() -> None:
        network = Network("network", NetworkArgs(platform=platform(), settings=SETTINGS))
        links = {
            target: service and PrivateLink(service=service, resource_id=pulumi.Output.from_input(f"/{target}"))
            for target, service in services.items()
        }
        needed = network.connect(links)
        pulumi.export("needed", pulumi.Output.all(*(resource.urn for resource in needed)))

    return record(program)


def _rules(tape: Tape, name: str) -> dict[str, Mapping[str, Any]]:
    return {rule["name"]: rule for rule in tape.one("NetworkSecurityGroup", name).inputs["securityRules"]}


def test_ranges_in_each_others_way_are_refused_by_name() -> None:
    with pytest.raises(ValidationError, match=r'endpoints_subnet: "10\.20\.1\.0/26" overlaps apps_subnet'):
        NetworkSettings(address_space="10.20.0.0/16", apps_subnet="10.20.0.0/23", endpoints_subnet="10.20.1.0/26")


def test_the_network_has_its_range_and_leaves_its_subnets_alone() -> None:
    network = _tape().one("VirtualNetwork", "network")
    assert network.inputs["addressSpace"] == {"addressPrefixes": ["10.20.0.0/16"]}
    assert network.inputs["virtualNetworkName"] == "vnet-dme-test"
    assert network.inputs["tags"] == tags("network")
    assert network.ignore_changes == ("subnets",)


def test_the_subnet_of_the_apps_is_delegated_guarded_and_has_one_range() -> None:
    subnet = _tape().one("Subnet", "network-apps").inputs
    assert subnet["addressPrefix"] == "10.20.0.0/23"
    assert "addressPrefixes" not in subnet
    assert subnet["delegations"] == [{"name": "container-apps", "serviceName": "Microsoft.App/environments"}]
    assert subnet["networkSecurityGroup"]["id"].endswith("/nsg-dme-apps-test")


def test_the_subnet_of_the_endpoints_is_private_and_its_guard_holds_for_endpoints() -> None:
    subnet = _tape().one("Subnet", "network-endpoints")
    assert subnet.inputs["defaultOutboundAccess"] is False
    assert subnet.inputs["privateEndpointNetworkPolicies"] == "Enabled"
    assert subnet.inputs["networkSecurityGroup"]["id"].endswith("/nsg-dme-endpoints-test")
    assert [urn for urn in subnet.depends_on if urn.endswith("Subnet::network-apps")], "written at the same time"


@pytest.mark.parametrize("group", ["network-apps", "network-endpoints"])
def test_every_guard_denies_the_rest_both_ways(group: str) -> None:
    rules = _rules(_tape(), group)
    for direction in ("Inbound", "Outbound"):
        last = max((r for r in rules.values() if r["direction"] == direction), key=lambda r: r["priority"])
        assert (last["access"], last["protocol"], last["priority"]) == ("Deny", "*", 4096)
        assert last["sourceAddressPrefix"] == last["destinationAddressPrefix"] == last["destinationPortRange"] == "*"


def test_the_guards_let_the_apps_reach_the_endpoints_and_nobody_else() -> None:
    tape = _tape()
    out, into = _rules(tape, "network-apps")["endpoints-out"], _rules(tape, "network-endpoints")["apps-in"]
    for rule in (out, into):
        assert (rule["sourceAddressPrefix"], rule["destinationAddressPrefix"]) == ("10.20.0.0/23", "10.20.2.0/26")
        assert {"443", "5432", "6432", "10000", "5671"} <= set(rule["destinationPortRanges"])
    assert set(_rules(tape, "network-endpoints")) == {"apps-in", "deny-inbound", "deny-outbound"}


def test_nothing_from_the_internet_is_let_into_the_subnet_of_the_apps() -> None:
    sources = {r["sourceAddressPrefix"] for r in _rules(_tape(), "network-apps").values() if r["access"] == "Allow"}
    assert sources == {"AzureLoadBalancer", "VirtualNetwork", "10.20.0.0/23"}


def test_a_service_is_connected_by_an_endpoint_and_a_zone_of_its_kind() -> None:
    tape = _tape(vault=PrivateService.VAULT)
    [connection] = tape.one("PrivateEndpoint", "network-vault-endpoint").inputs["privateLinkServiceConnections"]
    assert connection == {"groupIds": ["vault"], "name": "vault", "privateLinkServiceId": "/vault"}
    zone = tape.one("PrivateZone", "network-vault-zone").inputs
    assert (zone["privateZoneName"], zone["location"]) == ("privatelink.vaultcore.azure.net", "global")
    link = tape.one("VirtualNetworkLink", "network-vault-zone-link").inputs
    assert link["virtualNetwork"]["id"].endswith("/vnet-dme-test")
    assert link["registrationEnabled"] is False
    group = tape.one("PrivateDnsZoneGroup", "network-vault-names").inputs
    assert group["privateEndpointName"] == "pep-dme-vault-test"
    assert group["privateDnsZoneConfigs"][0]["privateDnsZoneId"].endswith("/privatelink.vaultcore.azure.net")


def test_services_of_one_kind_share_a_zone_and_public_ones_get_none() -> None:
    tape = _tape(backup=PrivateService.STORAGE, export=PrivateService.STORAGE, cache=None)
    assert len(tape.of("PrivateZone")) == len(tape.of("VirtualNetworkLink")) == 1
    assert {endpoint.name for endpoint in tape.of("PrivateEndpoint")} == {
        "network-backup-endpoint",
        "network-export-endpoint",
    }


def test_what_must_exist_before_a_first_request_is_returned() -> None:
    needed = _tape(vault=PrivateService.VAULT).exports["needed"]
    assert [urn.rsplit("::", 1)[-1] for urn in needed] == ["network-vault-zone-link", "network-vault-names"]
