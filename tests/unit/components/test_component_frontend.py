"""The web frontend. Mocks prove construction, nothing of Azure."""

from typing import Literal

import pulumi
import pytest

from components.dns import Dns, DnsArgs, DnsSettings
from components.edge.front_door import EdgeSettings
from components.frontend import Frontend, FrontendArgs, FrontendSettings, behind_edge
from tests.tape import Tape, record
from tests.unit.components.parts import platform, tags

FREE = FrontendSettings(sku="Free", region="westeurope")


def _tape(*, zone: str, is_behind_edge: bool) -> Tape:
    def program() -> None:
        place = platform()
        dns = Dns("dns", DnsArgs(platform=place, settings=DnsSettings(zone=zone, ttl_seconds=300, protect=False)))
        args = FrontendArgs(platform=place, settings=FREE, dns=dns, is_behind_edge=is_behind_edge)
        pulumi.export("url", Frontend("frontend", args).url)

    return record(program)


def test_a_frontend_is_made_in_a_region_of_its_own_kind() -> None:
    tape = _tape(zone="", is_behind_edge=False)
    assert tape.one("StaticSite", "frontend").inputs == {
        "allowConfigFileUpdates": True,
        "location": "westeurope",
        "name": "stapp-dme-test",
        "publicNetworkAccess": "Enabled",
        "resourceGroupName": "rg-dme-test",
        "sku": {"name": "Free", "tier": "Free"},
        "stagingEnvironmentPolicy": "Disabled",
        "tags": tags("frontend"),
    }
    assert tape.exports["url"] == "https://stapp-dme-test.azurestaticapps.net"


def test_its_own_name_is_taken_once_the_record_leads_to_it() -> None:
    tape = _tape(zone="dme.example", is_behind_edge=False)
    domain, cname = tape.one("StaticSiteCustomDomain", "frontend-domain"), tape.one("RecordSet", "dns-cname-www")
    assert domain.inputs["domainName"] == "www.dme.example"
    assert cname.inputs["cnameRecord"] == {"cname": "stapp-dme-test.azurestaticapps.net"}
    assert cname.urn in domain.depends_on
    assert tape.exports["url"] == "https://www.dme.example"


@pytest.mark.parametrize(("zone", "is_behind_edge"), [("", False), ("", True), ("dme.example", True)])
def test_without_a_domain_or_behind_front_door_it_has_no_name_of_its_own(zone: str, *, is_behind_edge: bool) -> None:
    tape = _tape(zone=zone, is_behind_edge=is_behind_edge)
    assert not tape.of("StaticSiteCustomDomain")
    assert tape.exports["url"] == "https://stapp-dme-test.azurestaticapps.net"


@pytest.mark.parametrize(
    ("sku", "tier", "refused"),
    [("Free", "None", False), ("Free", "Standard", True), ("Standard", "Premium", False)],
)
def test_a_free_plan_does_not_stand_behind_front_door(
    sku: Literal["Free", "Standard"], tier: Literal["None", "Standard", "Premium"], *, refused: bool
) -> None:
    settings = FrontendSettings(sku=sku, region="westeurope")
    found = list(behind_edge(settings, EdgeSettings(sku=tier, rate_limit_per_minute=600)))
    expected = [("sku", '"Free" does not stand behind Front Door (Standard; allowed "Standard")')]
    assert found == (expected if refused else [])
