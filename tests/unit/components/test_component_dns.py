"""The environment's own domain. Mocks prove construction, nothing of Azure."""

import re

import pulumi
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from components.dns import CERTIFICATE_NAME_MAX, Dns, DnsArgs, DnsSettings, Site
from tests.tape import Tape, record, recorded_once
from tests.unit.components.parts import platform, tags


def _settings(zone: str, *, protect: bool = False) -> DnsSettings:
    return DnsSettings(zone=zone, ttl_seconds=300, protect=protect)


@recorded_once
def _tape(zone: str, *, protect: bool = False, points: bool = False) -> Tape:
    def program() -> None:
        dns = Dns("dns", DnsArgs(platform=platform(), settings=_settings(zone, protect=protect)))
        if points:
            dns.point(Site.WEB, "lively-sea.azurestaticapps.net")
        pulumi.export("name_servers", dns.name_servers)
        pulumi.export("host", dns.host(Site.API) or "none")

    return record(program)


def test_a_zone_is_signed_and_lets_one_authority_make_certificates() -> None:
    tape = _tape("dme.example", protect=True)
    zone = tape.one("dns:Zone", "dns")
    assert zone.protect
    assert {"location": "global", "tags": tags("dns"), "zoneName": "dme.example"}.items() <= zone.inputs.items()
    assert tape.one("DnssecConfig", "dns-signing").inputs["zoneName"] == "dme.example"
    assert tape.one("RecordSet", "dns-caa-@").inputs["caaRecords"] == [
        {"flags": 0, "tag": "issue", "value": "digicert.com"}
    ]
    assert tape.exports == {"name_servers": ["ns1.dme.example"], "host": "api.dme.example"}


def test_a_site_of_the_zone_leads_where_it_is_pointed() -> None:
    record_set = _tape("dme.example", points=True).one("RecordSet", "dns-cname-www")
    assert record_set.inputs["cnameRecord"] == {"cname": "lively-sea.azurestaticapps.net"}
    assert record_set.inputs["relativeRecordSetName"] == "www"
    assert record_set.inputs["ttl"] == 300


def test_what_carries_the_domain_in_its_name_is_made_before_the_old_one_goes() -> None:
    made = [item for item in _tape("dme.example", points=True).registrations.values() if ":dns:" in item.type]
    assert len(made) == 4
    assert not any(item.delete_before_replace for item in made)


def test_without_a_domain_there_is_no_zone_and_no_name() -> None:
    tape = _tape("")
    assert not [item for item in tape.registrations.values() if ":dns:" in item.type]
    assert tape.exports == {"name_servers": [], "host": "none"}


def test_refused_is_a_record_without_a_zone() -> None:
    with pytest.raises(ValueError, match=r"a CNAME record for www needs a zone, .* \(dns\.zone\)"):
        _tape("", points=True)


@settings(max_examples=50, deadline=None)
@given(zone=st.from_regex(r"([a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?\.){1,4}[a-z]{2,8}", fullmatch=True))
@example(zone=f"{'a' * 30}.{'b' * 30}.io")
def test_a_zone_is_taken_exactly_if_a_certificate_holds_the_longest_name_in_it(zone: str) -> None:
    if len(f"www.{zone}") <= CERTIFICATE_NAME_MAX:
        assert _settings(zone).zone == zone
    else:
        with pytest.raises(ValueError, match=re.escape(f'"{zone}" has {len(zone)} characters (allowed 60')):
            _settings(zone)


@pytest.mark.parametrize(
    "zone", ["example", "Example.com", "https://example.com", "-a.example", "a..example", "*.a.io"]
)
def test_refused_is_a_zone_that_is_no_domain(zone: str) -> None:
    with pytest.raises(ValueError, match="zone"):
        _settings(zone)
