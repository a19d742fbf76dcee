from typing import Any

import pytest

from localazure.azure import Azure
from localazure.store import Record
from tests.unit.localazure.arm import create, problems_of, refused
from tests.unit.localazure.front_door import FrontDoor, front_door

DOMAIN = "cdn:AFDCustomDomain"
TOKEN = ("validationProperties", "validationToken")


async def _prove(azure: Azure, domain: Record, token: str | None = None) -> Record:
    text = token or domain.outputs[TOKEN[0]][TOKEN[1]]
    return await create(azure, "dns:RecordSet", relativeRecordSetName="_dnsauth.www", txtRecords=[{"value": [text]}])


async def _guard(azure: Azure, door: FrontDoor, *guarded: Record, name: str = "guard") -> Record:
    wall = azure.find("frontdoor:Policy") or [await create(azure, "frontdoor:Policy")]
    return await create(
        azure,
        "cdn:SecurityPolicy",
        securityPolicyName=name,
        parameters={
            "associations": [{"domains": [{"id": part.id} for part in guarded], "patternsToMatch": ["/*"]}],
            "type": "WebApplicationFirewall",
            "wafPolicy": {"id": wall[0].id},
        },
        profileName=door.profile.name,
    )


@pytest.mark.parametrize(
    ("inputs", "at", "text"),
    [
        ({"hostName": "*.example.com"}, "hostName", "not supported for a wildcard domain"),
        ({"hostName": f"{'a' * 60}.example.com"}, "hostName", "a managed certificate holds 64"),
        ({"tlsSettings": {"certificateType": "CustomerCertificate"}}, "tlsSettings", "is not imitated"),
        (
            {"tlsSettings": {"certificateType": "ManagedCertificate", "minimumTlsVersion": "TLS10"}},
            "tlsSettings",
            "Allowed: TLS12, TLS13",
        ),
        ({"customDomainName": "www.example.com"}, "customDomainName", "is not a valid name"),
    ],
)
def test_refused_of_a_domain_is(azure: Azure, inputs: dict[str, Any], at: str, text: str) -> None:
    assert text in problems_of(azure, DOMAIN, **inputs)[at]
    assert problems_of(azure, DOMAIN) == {}


async def test_a_domain_is_approved_by_its_own_token_and_by_no_other(azure: Azure) -> None:
    await create(azure, "cdn:Profile")
    await create(azure, "dns:Zone")
    domain = await create(azure, DOMAIN)
    assert domain.outputs["domainValidationState"] == "Pending"

    record = await _prove(azure, domain, "another")
    assert azure.need(domain.id).outputs["domainValidationState"] == "Pending"

    value = [{"value": [domain.outputs[TOKEN[0]][TOKEN[1]]]}]
    await azure.update(record.id, {**record.inputs, "txtRecords": value})
    assert azure.need(domain.id).outputs["domainValidationState"] == "Approved"


async def test_an_approved_domain_stays_so_without_its_proof_and_keeps_its_token(azure: Azure) -> None:
    await create(azure, "cdn:Profile")
    await create(azure, "dns:Zone")
    domain = await create(azure, DOMAIN)
    await azure.delete((await _prove(azure, domain)).id)

    again = await azure.update(domain.id, domain.inputs)

    assert again.outputs["domainValidationState"] == "Approved"
    assert again.outputs["validationProperties"] == domain.outputs["validationProperties"]


async def test_a_domain_whose_proof_is_there_already_is_approved_at_once(azure: Azure) -> None:
    await create(azure, "cdn:Profile")
    await create(azure, "dns:Zone")
    domain = await create(azure, DOMAIN)
    await _prove(azure, domain)
    await azure.delete(domain.id)

    assert (await create(azure, DOMAIN)).outputs["domainValidationState"] == "Approved"


async def test_a_domain_keeps_its_host_name_and_has_it_alone(azure: Azure) -> None:
    await create(azure, "cdn:Profile")
    domain = await create(azure, DOMAIN)

    with refused(400, "BadRequest", "cannot be updated"):
        await azure.update(domain.id, {**domain.inputs, "hostName": "other.example.com"})
    with refused(409, "Conflict", "'www.example.com' is already in use"):
        await create(azure, DOMAIN, customDomainName="second")


async def test_a_domain_in_a_zone_that_is_not_there_is_refused(azure: Azure) -> None:
    await create(azure, "cdn:Profile")

    with refused(404, "ResourceNotFound", "dnsZones/none"):
        await create(azure, DOMAIN, azureDnsZone={"id": "/x/providers/Microsoft.Network/dnsZones/none"})


async def test_a_domain_stays_while_a_route_a_guard_or_a_record_uses_it(azure: Azure) -> None:
    door = await front_door(azure)
    await create(azure, "dns:Zone")
    domain = await create(azure, DOMAIN)
    route = await create(azure, "cdn:Route", **door.led, customDomains=[{"id": domain.id}])
    guard = await _guard(azure, door, domain)
    host = door.endpoint.outputs["hostName"]
    record = await create(azure, "dns:RecordSet", recordType="CNAME", cnameRecord={"cname": host})

    for user, text in (
        (route, "routes/all"),
        (guard, "securityPolicies/guard"),
        (record, f'CNAMEd to CDN endpoint "{host}"'),
    ):
        with refused(409, "Conflict", text):
            await azure.delete(domain.id)
        await azure.delete(user.id)
    await azure.delete(domain.id)

    assert azure.get(domain.id) is None


async def test_a_guard_is_refused_before_what_is_not_there_and_what_another_guards(azure: Azure) -> None:
    door = await front_door(azure)
    await _guard(azure, door, door.endpoint)

    with refused(409, "Conflict", "is already associated with the security policy"):
        await _guard(azure, door, door.endpoint, name="second")
    await azure.delete(door.endpoint.id)
    with refused(404, "ResourceNotFound", "afdEndpoints/site"):
        await _guard(azure, door, door.endpoint, name="third")


async def test_a_firewall_of_another_tier_is_refused(azure: Azure) -> None:
    door = await front_door(azure, "Premium_AzureFrontDoor")

    with refused(400, "BadRequest", "SKU Standard_AzureFrontDoor of the WebApplicationFirewallPolicy is not that"):
        await _guard(azure, door, door.endpoint)


async def test_a_firewall_in_use_stays(azure: Azure) -> None:
    door = await front_door(azure)
    guard = await _guard(azure, door, door.endpoint)
    [wall] = azure.find("frontdoor:Policy")

    with refused(409, "Conflict", "in use by the security policy"):
        await azure.delete(wall.id)
    await azure.delete(guard.id)
    await azure.delete(wall.id)

    assert azure.get(wall.id) is None


@pytest.mark.parametrize("left_out", ["wafPolicy", "associations"])
def test_refused_is_a_guard_without(azure: Azure, left_out: str) -> None:
    complete = {"associations": [{"patternsToMatch": ["/*"]}], "wafPolicy": {"id": "x"}}
    parameters = {key: value for key, value in complete.items() if key != left_out}

    assert set(problems_of(azure, "cdn:SecurityPolicy", parameters=parameters)) == {f"parameters.{left_out}"}
