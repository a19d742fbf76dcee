import pytest

from localazure.azure import Azure
from tests.unit.localazure.arm import GROUP, create, problems_of, refused

ZONE, LINK = "privatedns:PrivateZone", "privatedns:VirtualNetworkLink"


@pytest.mark.parametrize("token", [ZONE, LINK])
async def test_private_names_have_no_region(azure: Azure, token: str) -> None:
    assert "not available for resource type" in problems_of(azure, token, location="westeurope")["location"]
    assert problems_of(azure, token, location="Global") == {}


@pytest.mark.parametrize("name", ["one", "a..b", "a b.c", "a" * 62 + ".b"])
async def test_a_zone_may_not_have_this_name(azure: Azure, name: str) -> None:
    assert "2-34 labels" in problems_of(azure, ZONE, privateZoneName=name)["privateZoneName"]


async def test_a_link_joins_a_zone_and_a_network_that_are_there(azure: Azure) -> None:
    network = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/network"

    with refused(404, "ResourceNotFound", "privateDnsZones/privatelink.vaultcore.azure.net"):
        await create(azure, LINK, virtualNetwork={"id": network})
    await create(azure, ZONE)
    with refused(400, "InvalidResourceReference", f"Resource {network} referenced by resource"):
        await create(azure, LINK, virtualNetwork={"id": network})
    await create(azure, "network:VirtualNetwork")
    link = await create(azure, LINK, virtualNetwork={"id": network})

    assert link.outputs["virtualNetworkLinkState"] == "Completed"


async def test_a_network_looks_a_name_up_in_one_zone(azure: Azure) -> None:
    network = await create(azure, "network:VirtualNetwork")
    await create(azure, "resources:ResourceGroup", resourceGroupName="other")
    await create(azure, ZONE)
    await create(azure, ZONE, resourceGroupName="other")
    link = await create(azure, LINK, virtualNetwork={"id": network.id})

    with refused(400, "BadRequest", "cannot be linked to multiple zones with overlapping namespaces"):
        await create(azure, LINK, resourceGroupName="other", virtualNetwork={"id": network.id.upper()})
    await azure.update(link.id, {**link.inputs, "tags": {"a": "b"}})
