from typing import Any

import pytest

from localazure.azure import Azure
from tests.unit.localazure.arm import GROUP, create, problems_of, refused

RECORD = "dns:RecordSet"
CNAME = {"recordType": "CNAME", "cnameRecord": {"cname": "site.example.net"}}
TEXT = {"txtRecords": [{"value": ["text"]}]}


@pytest.mark.parametrize(
    ("inputs", "at", "text"),
    [
        ({"zoneName": "example"}, "zoneName", "2 to 34 labels"),
        ({"zoneName": f"{'a' * 64}.com"}, "zoneName", "of 1 to 63 letters"),
        ({"location": "westeurope"}, "location", "regions for the resource type is 'global'"),
        ({"zoneType": "Private"}, "zoneType", "privatedns:PrivateZone"),
    ],
)
def test_refused_of_a_zone_is(azure: Azure, inputs: dict[str, Any], at: str, text: str) -> None:
    assert text in problems_of(azure, "dns:Zone", **inputs)[at]
    assert problems_of(azure, "dns:Zone", location="Global") == {}


async def test_a_zone_has_four_name_servers_that_stay(azure: Azure) -> None:
    made = await create(azure, "dns:Zone")
    again = await azure.update(made.id, {**made.inputs, "tags": {"a": "b"}})

    assert len(set(made.outputs["nameServers"])) == 4
    assert again.outputs["nameServers"] == made.outputs["nameServers"]


@pytest.mark.parametrize(
    ("inputs", "at", "text"),
    [
        ({"recordType": "TEXT"}, "recordType", "'TEXT' is not a record type"),
        ({"recordType": "A", **TEXT}, "txtRecords", "use 'aRecords'"),
        ({"ttl": 0}, "ttl", "1 to 2147483647"),
        ({**CNAME, "relativeRecordSetName": "@"}, "relativeRecordSetName", "at the zone apex"),
    ],
)
def test_refused_of_a_record_set_is(azure: Azure, inputs: dict[str, Any], at: str, text: str) -> None:
    assert text in problems_of(azure, RECORD, **inputs)[at]


@pytest.mark.parametrize(
    "inputs", [{}, TEXT, CNAME, {"recordType": "A", "ttl": 0, "targetResource": {"id": "x"}}], ids=str
)
def test_accepted_of_a_record_set_is(azure: Azure, inputs: dict[str, Any]) -> None:
    assert problems_of(azure, RECORD, **inputs) == {}


@pytest.mark.parametrize(("name", "fqdn"), [("www", "www.example.com."), ("@", "example.com.")])
async def test_a_record_set_has_a_full_name(azure: Azure, name: str, fqdn: str) -> None:
    await create(azure, "dns:Zone")

    made = await create(azure, RECORD, **TEXT, relativeRecordSetName=name)

    assert made.outputs["fqdn"] == fqdn
    assert made.id == f"{GROUP}/providers/Microsoft.Network/dnsZones/example.com/TXT/{name}"


async def test_a_name_is_a_cname_or_something_else(azure: Azure) -> None:
    await create(azure, "dns:Zone")
    text = await create(azure, RECORD, **TEXT)

    with refused(409, "Conflict", "because another record with the same name already exists in this zone."):
        await create(azure, RECORD, **CNAME)
    await azure.delete(text.id)
    cname = await create(azure, RECORD, **CNAME)
    await azure.update(cname.id, cname.inputs)
    with refused(409, "CannotCreateRecordDueToCNameNamingRestriction", "a CNAME record with the name 'www' already"):
        await create(azure, RECORD, **TEXT)


async def test_a_cname_to_no_name_is_refused(azure: Azure) -> None:
    await create(azure, "dns:Zone")

    with refused(400, "BadRequest", "The domain name 'https://a.example' is invalid."):
        await create(azure, RECORD, recordType="CNAME", cnameRecord={"cname": "https://a.example"})


@pytest.mark.parametrize("token", [RECORD, "dns:DnssecConfig"])
async def test_a_part_of_no_zone_is_refused(azure: Azure, token: str) -> None:
    with refused(404, "ResourceNotFound", "dnsZones/example.com"):
        await create(azure, token)


async def test_a_zone_goes_with_all_that_is_in_it(azure: Azure) -> None:
    zone = await create(azure, "dns:Zone")
    await create(azure, RECORD, **TEXT)
    await create(azure, "dns:DnssecConfig")

    await azure.delete(zone.id)

    assert azure.find(RECORD) == []
    assert azure.find("dns:DnssecConfig") == []
