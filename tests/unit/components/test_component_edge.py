"""Front Door, its firewall and its sites. Mocks prove construction, nothing of Azure."""

from typing import Any, Literal

import pulumi
import pytest

from app.contract import READINESS_PATH
from components.dns import Dns, DnsArgs, DnsSettings, Site
from components.edge.front_door import Edge, EdgeArgs, EdgeSettings
from tests.tape import Tape, record, recorded_once
from tests.unit.components.parts import platform

Sku = Literal["None", "Standard", "Premium"]


@recorded_once
def _tape(sku: Sku, *, zone: str = "") -> Tape:
    def program() -> None:
        place = platform()
        dns = Dns("dns", DnsArgs(platform=place, settings=DnsSettings(zone=zone, ttl_seconds=300, protect=False)))
        settings = EdgeSettings(sku=sku, rate_limit_per_minute=600)
        edge = Edge("edge", EdgeArgs(platform=place, settings=settings, dns=dns))
        api, web = (pulumi.Output.from_input(f"https://{name}.example.net") for name in ("api", "web"))
        pulumi.export("api", edge.publish(Site.API, api, probe_path=READINESS_PATH))
        pulumi.export("web", edge.publish(Site.WEB, web, probe_path="/index.html", cached=True))
        pulumi.export("front_door_id", edge.front_door_id)
        pulumi.export("hops", edge.hops)

    return record(program)


def _walls(tape: Tape) -> dict[str, Any]:
    return dict(tape.one("frontdoor:Policy", "edge-firewall").inputs)


def test_without_front_door_a_site_keeps_its_address() -> None:
    tape = _tape("None", zone="dme.example")
    assert not [item for item in tape.registrations.values() if ":cdn:" in item.type or ":frontdoor:" in item.type]
    assert not [item for item in tape.of("RecordSet") if item.inputs["recordType"] == "CNAME"]
    assert tape.exports == {
        "api": "https://api.example.net",
        "web": "https://web.example.net",
        "front_door_id": "",
        "hops": 1,
    }


def test_without_a_domain_a_site_answers_under_the_name_that_azure_gives_it() -> None:
    tape = _tape("Standard")
    route = tape.one("Route", "edge-api-route").inputs
    assert route["linkToDefaultDomain"] == "Enabled"
    assert route["customDomains"] == []
    assert tape.exports["api"] == "https://fde-dme-api-test.azurefd.net"
    assert tape.exports["front_door_id"] == "id-of-afd-dme-test"
    assert tape.exports["hops"] == 2


def test_with_a_domain_a_site_answers_under_its_own_name_alone() -> None:
    tape = _tape("Standard", zone="dme.example")
    domain, route = tape.one("AFDCustomDomain", "edge-api-domain"), tape.one("Route", "edge-api-route").inputs
    assert domain.inputs["hostName"] == "api.dme.example"
    assert domain.inputs["tlsSettings"] == {"certificateType": "ManagedCertificate", "minimumTlsVersion": "TLS12"}
    assert route["linkToDefaultDomain"] == "Disabled"
    assert [item["id"].rpartition("/")[2] for item in route["customDomains"]] == ["api-dme-example"]
    assert tape.exports["api"] == "https://api.dme.example"


def test_a_name_is_proved_in_the_run_that_makes_it_and_its_record_goes_before_it_does() -> None:
    tape = _tape("Standard", zone="dme.example")
    proof = tape.one("RecordSet", "dns-txt-_dnsauth.api").inputs
    assert proof["txtRecords"] == [{"value": ["token-of-api-dme-example"]}]
    cname = tape.one("RecordSet", "dns-cname-api")
    assert cname.inputs["cnameRecord"] == {"cname": "fde-dme-api-test.azurefd.net"}
    assert tape.one("AFDCustomDomain", "edge-api-domain").urn in cname.depends_on


def test_a_name_that_changes_is_made_before_the_old_one_goes() -> None:
    domains = _tape("Standard", zone="dme.example").of("AFDCustomDomain")
    assert len(domains) == len(Site)
    assert not any(domain.delete_before_replace for domain in domains)


def test_every_request_is_led_over_https_to_the_origin_under_its_own_name() -> None:
    tape = _tape("Standard")
    route, origin = tape.one("Route", "edge-api-route").inputs, tape.one("AFDOrigin", "edge-api-origin").inputs
    assert (route["httpsRedirect"], route["forwardingProtocol"]) == ("Enabled", "HttpsOnly")
    assert route["patternsToMatch"] == ["/*"]
    assert origin["hostName"] == origin["originHostHeader"] == "api.example.net"
    assert origin["enforceCertificateNameCheck"] is True
    assert tape.one("AFDOriginGroup", "edge-api-origins").inputs["healthProbeSettings"] == {
        "probeIntervalInSeconds": 100,
        "probePath": READINESS_PATH,
        "probeProtocol": "Https",
        "probeRequestType": "HEAD",
    }


def test_a_route_waits_for_its_origin_its_rules_and_the_firewall() -> None:
    tape = _tape("Standard")
    before = tape.one("Route", "edge-www-route").depends_on
    kinds = ("AFDOrigin", "Rule", "SecurityPolicy")
    assert {item.urn for kind in kinds for item in tape.of(kind) if "-api-" not in item.name} <= set(before)


def test_only_static_content_is_cached() -> None:
    tape = _tape("Premium")
    web, api = (tape.one("Route", f"edge-{site}-route").inputs for site in ("www", "api"))
    assert web["cacheConfiguration"]["queryStringCachingBehavior"] == "IgnoreQueryString"
    assert [item["id"].rpartition("/")[2] for item in web["ruleSets"]] == ["static"]
    assert "cacheConfiguration" not in api
    assert api["ruleSets"] == []


@pytest.mark.parametrize("zone", ["", "dme.example"])
def test_the_firewall_stands_before_every_address_and_every_name(zone: str) -> None:
    tape = _tape("Standard", zone=zone)
    [association] = tape.one("SecurityPolicy", "edge-guard").inputs["parameters"]["associations"]
    names = {item["id"].rpartition("/")[2] for item in association["domains"]}
    endpoints = {item.inputs["endpointName"] for item in tape.of("AFDEndpoint")}
    assert names == endpoints | {item.inputs["customDomainName"] for item in tape.of("AFDCustomDomain")}
    assert len(names) == len(Site) * (2 if zone else 1)


@pytest.mark.parametrize("sku", ["Standard", "Premium"])
def test_the_firewall_prevents_and_limits_how_often_an_address_asks(sku: Sku) -> None:
    wall = _walls(_tape(sku))
    assert wall["policySettings"] == {"enabledState": "Enabled", "mode": "Prevention", "requestBodyCheck": "Enabled"}
    assert wall["sku"] == {"name": f"{sku}_AzureFrontDoor"}
    [limit] = [rule for rule in wall["customRules"]["rules"] if rule["ruleType"] == "RateLimitRule"]
    assert (limit["rateLimitThreshold"], limit["rateLimitDurationInMinutes"], limit["action"]) == (600, 1, "Block")
    assert limit["groupBy"] == [{"variableName": "SocketAddr"}]


def test_managed_rules_are_premium_s_and_leave_alone_what_people_write() -> None:
    assert _walls(_tape("Standard"))["managedRules"] == {"managedRuleSets": []}
    rules, bots = _walls(_tape("Premium"))["managedRules"]["managedRuleSets"]
    assert (rules["ruleSetType"], rules["ruleSetVersion"]) == ("Microsoft_DefaultRuleSet", "2.1")
    assert (bots["ruleSetType"], bots["ruleSetVersion"]) == ("Microsoft_BotManagerRuleSet", "1.1")
    assert "exclusions" not in rules
    sql, script, java = rules["ruleGroupOverrides"]
    assert [item["selector"] for item in sql["exclusions"]] == ["title", "notes", "params"]
    assert sql["exclusions"] == script["exclusions"]
    assert java["rules"] == [{"action": "Block", "enabledState": "Enabled", "ruleId": "944240"}]


@pytest.mark.parametrize("limit", [9, 10001])
def test_refused_is_a_rate_limit_that_blocks_nobody_or_everybody(limit: int) -> None:
    with pytest.raises(ValueError, match="rate_limit_per_minute"):
        EdgeSettings(sku="Standard", rate_limit_per_minute=limit)
