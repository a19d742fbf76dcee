from typing import Any

import pytest

from localazure.azure import Azure
from localazure.store import Record
from tests.unit.localazure.arm import GROUP, create, problems_of, refused

NETWORK, SUBNET, GUARD = "network:VirtualNetwork", "network:Subnet", "network:NetworkSecurityGroup"
DELEGATED = [{"name": "apps", "serviceName": "Microsoft.App/environments"}]


def rule(**changes: Any) -> dict[str, Any]:
    whole = {"name": "in", "access": "Allow", "direction": "Inbound", "protocol": "Tcp", "priority": 100}
    ends = {"sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*"}
    return {**whole, **ends, "destinationPortRange": "443", **changes}


async def change(azure: Azure, record: Record, **changes: Any) -> Record:
    return await azure.update(record.id, {**record.inputs, **changes})


async def hosting(azure: Azure) -> Record:
    """A subnet with an environment in it."""
    await create(azure, NETWORK)
    subnet = await create(azure, SUBNET, delegations=DELEGATED)
    await create(azure, "app:ManagedEnvironment", vnetConfiguration={"infrastructureSubnetId": subnet.id})
    return subnet


@pytest.mark.parametrize("prefix", ["10.1.0.0/33", "10.1.0.1/16", "somewhere"])
async def test_a_range_that_is_none_is_refused(azure: Azure, prefix: str) -> None:
    network = problems_of(azure, NETWORK, addressSpace={"addressPrefixes": [prefix]})
    subnet = problems_of(azure, SUBNET, addressPrefix=prefix)

    assert "invalid CIDR notation" in network["addressSpace.addressPrefixes[0]"]
    assert "invalid CIDR notation" in subnet["addressPrefix"]


async def test_a_subnet_is_at_least_a_29(azure: Azure) -> None:
    assert "too small" in problems_of(azure, SUBNET, addressPrefix="10.1.0.0/30")["addressPrefix"]
    assert problems_of(azure, SUBNET, addressPrefix="10.1.0.0/29") == {}


@pytest.mark.parametrize("name", ["", "-a", "a-", "a b", "a" * 81])
async def test_a_network_and_what_is_in_it_may_not_have_this_name(azure: Azure, name: str) -> None:
    assert "2-64 letters" in problems_of(azure, NETWORK, virtualNetworkName=name)["virtualNetworkName"]
    assert "1-80 letters" in problems_of(azure, SUBNET, subnetName=name)["subnetName"]
    assert "1-80 letters" in problems_of(azure, GUARD, networkSecurityGroupName=name)["networkSecurityGroupName"]


async def test_subnets_inside_a_network_have_no_imitation(azure: Azure) -> None:
    assert "declare them as network:Subnet" in problems_of(azure, NETWORK, subnets=[{"name": "a"}])["subnets"]


async def test_a_network_or_a_subnet_without_a_range_is_refused(azure: Azure) -> None:
    with refused(400, "BadRequest", "Virtual network 'network' has no address prefix"):
        await create(azure, NETWORK, addressSpace={"addressPrefixes": []})
    await create(azure, NETWORK)
    with refused(400, "BadRequest", "Subnet 'subnet' needs one address prefix"):
        await azure.create(
            SUBNET, {"resourceGroupName": "rg", "subnetName": "subnet", "virtualNetworkName": "network"}, ""
        )


async def test_a_subnet_of_no_network_is_refused(azure: Azure) -> None:
    with refused(404, "ResourceNotFound", "virtualNetworks/network"):
        await create(azure, SUBNET)


async def test_a_subnet_outside_of_its_network_is_refused(azure: Azure) -> None:
    await create(azure, NETWORK)

    with refused(400, "NetcfgSubnetRangeOutsideVnet", "outside the IP address range of virtual network 'network'"):
        await create(azure, SUBNET, addressPrefix="10.2.0.0/24")


async def test_a_subnet_over_another_of_its_network_is_refused(azure: Azure) -> None:
    await create(azure, NETWORK)
    await create(azure, NETWORK, virtualNetworkName="other")
    await create(azure, SUBNET)
    await create(azure, SUBNET, virtualNetworkName="other")

    with refused(400, "NetcfgSubnetRangesOverlap", "Subnet 'next' is not valid because its IP address range overlaps"):
        await create(azure, SUBNET, subnetName="next", addressPrefix="10.1.0.128/25")
    await create(azure, SUBNET, subnetName="next", addressPrefix="10.1.1.0/24")


async def test_a_network_keeps_the_ranges_of_its_subnets(azure: Azure) -> None:
    network = await create(azure, NETWORK)
    await create(azure, SUBNET)

    with refused(400, "NetcfgSubnetRangeOutsideVnet", "Subnet 'subnet' is not valid"):
        await change(azure, network, addressSpace={"addressPrefixes": ["10.1.1.0/24"]})
    await change(azure, network, addressSpace={"addressPrefixes": ["10.1.0.0/23"]})


async def test_a_subnet_with_a_guard_that_is_not_there_is_refused(azure: Azure) -> None:
    await create(azure, NETWORK)
    guard = f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/guard"

    with refused(400, "InvalidResourceReference", f"Resource {guard} referenced by resource"):
        await create(azure, SUBNET, networkSecurityGroup={"id": guard})


async def test_a_guard_in_use_is_not_deleted(azure: Azure) -> None:
    await create(azure, NETWORK)
    guard = await create(azure, GUARD)
    subnet = await create(azure, SUBNET, networkSecurityGroup={"id": guard.id.upper()})

    with refused(400, "InUseNetworkSecurityGroupCannotBeDeleted", subnet.id):
        await azure.delete(guard.id)
    await azure.delete(subnet.id)
    await azure.delete(guard.id)

    assert azure.get(guard.id) is None


async def test_a_subnet_with_an_environment_is_not_deleted(azure: Azure) -> None:
    subnet = await hosting(azure)

    with refused(400, "InUseSubnetCannotBeDeleted", "Subnet subnet is in use by"):
        await azure.delete(subnet.id)

    assert azure.get(subnet.id)


async def test_a_subnet_with_an_environment_keeps_range_and_delegation(azure: Azure) -> None:
    subnet = await hosting(azure)

    with refused(400, "InUsePrefixCannotBeDeleted", "IpPrefix 10.1.0.0/24 on Subnet subnet has active allocations"):
        await change(azure, subnet, addressPrefix="10.1.0.0/23")
    with refused(400, "SubnetMissingRequiredDelegation", "[Microsoft.App/environments] to reference service assoc"):
        await change(azure, subnet, delegations=[])


async def test_an_empty_subnet_changes_and_goes(azure: Azure) -> None:
    subnet = await hosting(azure)
    await azure.delete(f"{GROUP}/providers/Microsoft.App/managedEnvironments/environment")

    await change(azure, subnet, addressPrefix="10.1.0.0/23", delegations=[])
    await azure.delete(subnet.id)

    assert azure.get(subnet.id) is None


async def test_a_good_rule_is_accepted(azure: Azure) -> None:
    ports = {"destinationPortRange": None, "destinationPortRanges": ["443", "8500-8599"]}

    assert problems_of(azure, GUARD, securityRules=[rule(), rule(name="out", direction="Outbound", **ports)]) == {}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": None}, "a security rule needs a name"),
        ({"priority": 99}, "Value provided: 99 Allowed range 100-4096"),
        ({"priority": 4097}, "Value provided: 4097 Allowed range 100-4096"),
        (
            {"destinationAddressPrefix": None},
            "must specify one of destinationAddressPrefix, destinationAddressPrefixes",
        ),
        ({"destinationPortRange": "443,80"}, "invalid Port range. Value provided: 443,80"),
        ({"destinationPortRange": "90-80"}, "invalid Port range. Value provided: 90-80"),
        ({"sourcePortRange": "65536"}, "invalid Port range. Value provided: 65536"),
    ],
)
async def test_a_rule_is_refused(azure: Azure, changes: dict[str, Any], reason: str) -> None:
    assert reason in problems_of(azure, GUARD, securityRules=[rule(**changes)])["securityRules[0]"]


async def test_rules_of_one_direction_have_priorities_of_their_own(azure: Azure) -> None:
    found = problems_of(azure, GUARD, securityRules=[rule(), rule(name="too")])

    assert found["securityRules[1]"].startswith("Security rule in conflicts with rule too. Rules cannot have the same")


async def test_rules_have_names_of_their_own(azure: Azure) -> None:
    found = problems_of(azure, GUARD, securityRules=[rule(), rule(priority=101)])

    assert found == {"securityRules[1]": "Security rule in is declared twice"}
