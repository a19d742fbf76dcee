from typing import Any

import pytest

from localazure.azure import Azure
from localazure.store import Record
from tests.unit.localazure.arm import create, problems_of, refused

SITE = "web:StaticSite"
DOMAIN = "web:StaticSiteCustomDomain"
NO_CNAME = "CNAME Record is invalid. Please ensure the CNAME record has been created."


async def _lead(azure: Azure, site: Record, name: str = "www") -> Record:
    target = {"cname": site.outputs["defaultHostname"]}
    return await create(azure, "dns:RecordSet", recordType="CNAME", cnameRecord=target, relativeRecordSetName=name)


@pytest.mark.parametrize(
    ("inputs", "at", "text"),
    [
        ({"name": "a_site"}, "name", "1-40 letters"),
        ({"location": "swedencentral"}, "location", "regions for the resource type is 'centralus,"),
        ({"sku": {"name": "Dedicated"}}, "sku", "Allowed: Free, Standard"),
        ({"sku": {"name": "Free", "tier": "Standard"}}, "sku", "'Free' of tier 'Standard'"),
        ({"publicNetworkAccess": "Disabled"}, "publicNetworkAccess", "in the plan Standard only"),
        ({"identity": {"type": "SystemAssigned"}}, "identity", "needs the plan Standard"),
    ],
)
def test_refused_of_a_static_web_app_is(azure: Azure, inputs: dict[str, Any], at: str, text: str) -> None:
    assert text in problems_of(azure, SITE, **inputs)[at]
    assert problems_of(azure, SITE) == {}


def test_refused_is_another_way_to_prove_a_name(azure: Azure) -> None:
    assert "dns-txt-token" in problems_of(azure, DOMAIN, validationMethod="http")["validationMethod"]


async def test_a_static_web_app_has_a_host_name_that_stays(azure: Azure) -> None:
    made = await create(azure, SITE)
    again = await azure.update(made.id, {**made.inputs, "tags": {"a": "b"}})

    assert made.outputs["defaultHostname"].endswith(".azurestaticapps.net")
    assert again.outputs["defaultHostname"] == made.outputs["defaultHostname"]


async def test_a_name_is_taken_when_its_record_leads_to_the_app(azure: Azure) -> None:
    site = await create(azure, SITE)
    await create(azure, "dns:Zone")
    with refused(400, "BadRequest", NO_CNAME):
        await create(azure, DOMAIN)
    await _lead(azure, site)

    assert (await create(azure, DOMAIN)).outputs["status"] == "Ready"


async def test_a_name_that_leads_elsewhere_is_refused(azure: Azure) -> None:
    site = await create(azure, SITE)
    await create(azure, SITE, name="other")
    await create(azure, "dns:Zone")
    await _lead(azure, site)

    with refused(400, "BadRequest", NO_CNAME):
        await create(azure, DOMAIN, name="other")


async def test_a_name_by_token_waits_for_its_proof(azure: Azure) -> None:
    await create(azure, SITE)

    made = await create(azure, DOMAIN, validationMethod="dns-txt-token")

    assert made.outputs["status"] == "Validating"
    assert made.outputs["validationToken"]


async def test_a_name_of_another_app_is_refused(azure: Azure) -> None:
    await create(azure, SITE)
    await create(azure, SITE, name="other")
    await create(azure, DOMAIN, validationMethod="dns-txt-token")

    with refused(400, "BadRequest", "Please ensure the custom domain is not linked to another site."):
        await create(azure, DOMAIN, name="other", validationMethod="dns-txt-token")


async def test_a_plan_has_room_for_its_names(azure: Azure) -> None:
    site = await create(azure, SITE, sku={"name": "Standard", "tier": "Standard"})
    for number in range(5):
        await create(azure, DOMAIN, domainName=f"n{number}.example.com", validationMethod="dns-txt-token")

    with refused(400, "BadRequest", "has 5 custom domains; 6 are asked for"):
        await create(azure, DOMAIN, domainName="n5.example.com", validationMethod="dns-txt-token")
    with refused(400, "BadRequest", "has 2 custom domains; 5 are asked for"):
        await azure.update(site.id, {**site.inputs, "sku": {"name": "Free", "tier": "Free"}})


async def test_a_name_of_no_app_is_refused(azure: Azure) -> None:
    with refused(404, "ResourceNotFound", "staticSites/site"):
        await create(azure, DOMAIN)
