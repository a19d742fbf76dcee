from typing import Any

import pytest

from localazure.azure import Azure
from tests.unit.localazure.arm import create, problems_of, refused
from tests.unit.localazure.front_door import front_door

LAST_ORIGIN = (
    "Cannot disable or delete the last origin when the origin group is still associated with a route or a rule."
)


@pytest.mark.parametrize(
    ("token", "inputs", "at", "text"),
    [
        ("cdn:Profile", {"profileName": "door-"}, "profileName", "is not a valid name"),
        ("cdn:Profile", {"location": "swedencentral"}, "location", "regions for the resource type is 'global'"),
        ("cdn:Profile", {"sku": {"name": "Standard_Microsoft"}}, "sku", "cannot be made any more"),
        ("cdn:Profile", {"originResponseTimeoutSeconds": 241}, "originResponseTimeoutSeconds", "16 to 240"),
        ("cdn:AFDEndpoint", {"endpointName": "e" * 47}, "endpointName", "1-46 letters"),
        ("cdn:AFDEndpoint", {"location": "westeurope"}, "location", "not available for resource type"),
        ("cdn:AFDOriginGroup", {"originGroupName": "a_b"}, "originGroupName", "is not a valid name"),
        ("cdn:AFDOriginGroup", {"loadBalancingSettings": None}, "loadBalancingSettings", "missing required"),
        (
            "cdn:AFDOriginGroup",
            {"loadBalancingSettings": {"sampleSize": 2, "successfulSamplesRequired": 3}},
            "loadBalancingSettings",
            "is more than 'sampleSize'",
        ),
        ("cdn:AFDOriginGroup", {"healthProbeSettings": {"probePath": "x"}}, "healthProbeSettings", "'x' is not a path"),
        (
            "cdn:AFDOriginGroup",
            {"healthProbeSettings": {"probeIntervalInSeconds": 0}},
            "healthProbeSettings",
            "1 to 255",
        ),
        ("cdn:AFDOrigin", {"hostName": "https://a.example"}, "hostName", "no scheme and no path"),
        ("cdn:AFDOrigin", {"originHostHeader": "a.example/x"}, "originHostHeader", "no scheme and no path"),
        ("cdn:AFDOrigin", {"priority": 6}, "priority", "1 to 5"),
    ],
)
def test_refused_of_a_front_door_is(azure: Azure, token: str, inputs: dict[str, Any], at: str, text: str) -> None:
    assert text in problems_of(azure, token, **inputs)[at]


@pytest.mark.parametrize("token", ["cdn:Profile", "cdn:AFDEndpoint", "cdn:AFDOriginGroup", "cdn:AFDOrigin"])
def test_accepted_of_a_front_door_is_what_the_other_tests_use(azure: Azure, token: str) -> None:
    assert problems_of(azure, token) == {}


async def test_a_front_door_hands_out_an_id_and_a_host_name_that_stay(azure: Azure) -> None:
    door = await front_door(azure)
    again = await azure.update(door.endpoint.id, {**door.endpoint.inputs, "tags": {"a": "b"}})

    assert len(door.profile.outputs["frontDoorId"]) == 36
    assert door.endpoint.outputs["hostName"].startswith("site-")
    assert door.endpoint.outputs["hostName"].endswith(".azurefd.net")
    assert again.outputs["hostName"] == door.endpoint.outputs["hostName"]


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("Premium_AzureFrontDoor", "Standard_AzureFrontDoor", "Downgrading from Premium to Standard is not supported."),
        ("Standard_AzureFrontDoor", "Premium_AzureFrontDoor", "Update-AzFrontDoorCdnProfile"),
    ],
)
async def test_the_tier_of_a_front_door_is_not_changed_by_a_put(azure: Azure, old: str, new: str, text: str) -> None:
    made = await create(azure, "cdn:Profile", sku={"name": old})

    with refused(400, "BadRequest", text):
        await azure.update(made.id, {**made.inputs, "sku": {"name": new}})


async def test_a_standard_front_door_has_ten_endpoints(azure: Azure) -> None:
    await create(azure, "cdn:Profile")
    for number in range(10):
        await create(azure, "cdn:AFDEndpoint", endpointName=f"site{number}")

    with refused(400, "BadRequest", "at most 10 endpoints"):
        await create(azure, "cdn:AFDEndpoint", endpointName="site10")


@pytest.mark.parametrize("token", ["cdn:AFDEndpoint", "cdn:AFDOriginGroup", "cdn:AFDOrigin"])
async def test_a_part_of_no_front_door_is_refused(azure: Azure, token: str) -> None:
    with refused(404, "ResourceNotFound", "was not found"):
        await create(azure, token)


async def test_an_origin_without_a_host_is_refused(azure: Azure) -> None:
    await create(azure, "cdn:Profile")
    await create(azure, "cdn:AFDOriginGroup")

    with refused(400, "BadRequest", "'hostName' is required"):
        await create(azure, "cdn:AFDOrigin", hostName=None)


@pytest.mark.parametrize(
    ("sku", "status", "code"),
    [("Standard_AzureFrontDoor", 400, "BadRequest"), ("Premium_AzureFrontDoor", 501, "NotSimulated")],
)
async def test_a_private_link_of_an_origin_is_refused(azure: Azure, sku: str, status: int, code: str) -> None:
    door = await front_door(azure, sku)

    with refused(status, code, "rivate link"):
        await create(
            azure,
            "cdn:AFDOrigin",
            originName="second",
            sharedPrivateLinkResource={"privateLink": {"id": door.group.id}},
        )


async def test_the_last_origin_of_a_route_stays(azure: Azure) -> None:
    door = await front_door(azure)
    await create(azure, "cdn:Route", **door.led)

    for refusal in (
        lambda: azure.delete(door.origin.id),
        lambda: azure.update(door.origin.id, {**door.origin.inputs, "enabledState": "Disabled"}),
        lambda: azure.delete(door.group.id),
    ):
        with refused(400, "BadRequest", LAST_ORIGIN):
            await refusal()


async def test_an_origin_goes_once_there_is_another_or_no_route(azure: Azure) -> None:
    door = await front_door(azure)
    route = await create(azure, "cdn:Route", **door.led)
    second = await create(azure, "cdn:AFDOrigin", originName="second")

    await azure.delete(door.origin.id)
    await azure.delete(route.id)
    await azure.delete(second.id)
    await azure.delete(door.group.id)

    assert not azure.find("cdn:AFDOrigin")
    assert not azure.find("cdn:AFDOriginGroup")
