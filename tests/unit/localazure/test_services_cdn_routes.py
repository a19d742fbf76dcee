from typing import Any

import pytest

from localazure.azure import Azure
from tests.unit.localazure.arm import create, problems_of, refused
from tests.unit.localazure.front_door import front_door

ROUTE = "cdn:Route"
NO_ORIGIN = (
    "Please make sure that the originGroup is created successfully and at least one enabled origin is created under "
    "the origin group."
)


@pytest.mark.parametrize(
    ("inputs", "at", "text"),
    [
        ({"routeName": "a.b"}, "routeName", "is not a valid name"),
        ({"patternsToMatch": ["api/*"]}, "patternsToMatch", "it starts with '/'"),
        ({"patternsToMatch": ["/*/api"]}, "patternsToMatch", "'*' is its last character"),
        ({"httpsRedirect": "Enabled", "supportedProtocols": ["Https"]}, "httpsRedirect", "needs both protocols"),
        ({"linkToDefaultDomain": "Disabled", "customDomains": []}, "linkToDefaultDomain", "needs a custom domain"),
    ],
)
def test_refused_of_a_route_is(azure: Azure, inputs: dict[str, Any], at: str, text: str) -> None:
    assert text in problems_of(azure, ROUTE, **inputs)[at]
    assert problems_of(azure, ROUTE) == {}


async def test_a_route_leads_to_a_group_with_an_origin(azure: Azure) -> None:
    door = await front_door(azure)

    made = await create(azure, ROUTE, **door.led)

    assert made.id == f"{door.endpoint.id}/routes/all"


async def test_a_route_to_a_group_that_is_not_there_or_has_no_enabled_origin_is_refused(azure: Azure) -> None:
    door = await front_door(azure)
    await azure.update(door.origin.id, {**door.origin.inputs, "enabledState": "Disabled"})

    with refused(400, "BadRequest", NO_ORIGIN):
        await create(azure, ROUTE, **door.led)
    with refused(400, "BadRequest", NO_ORIGIN):
        await create(azure, ROUTE, originGroup={"id": f"{door.group.id}x"})


async def test_a_route_of_no_endpoint_or_to_a_domain_that_is_not_there_is_refused(azure: Azure) -> None:
    door = await front_door(azure)

    with refused(404, "ResourceNotFound", "afdEndpoints/other"):
        await create(azure, ROUTE, **door.led, endpointName="other")
    with refused(404, "ResourceNotFound", "customDomains/none"):
        await create(azure, ROUTE, **door.led, customDomains=[{"id": f"{door.profile.id}/customDomains/none"}])


async def test_a_route_with_a_domain_of_another_front_door_is_refused(azure: Azure) -> None:
    door = await front_door(azure)
    await create(azure, "cdn:Profile", profileName="second")
    foreign = await create(azure, "cdn:AFDCustomDomain", profileName="second")

    with refused(400, "BadRequest", "belongs to another profile"):
        await create(azure, ROUTE, **door.led, customDomains=[{"id": foreign.id}])


async def test_a_route_without_a_name_is_refused(azure: Azure) -> None:
    door = await front_door(azure)

    with refused(400, "BadRequest", "needs a custom domain or the default domain"):
        await create(azure, ROUTE, **door.led, linkToDefaultDomain="Disabled")


async def test_two_routes_of_an_endpoint_differ_in_name_path_or_protocol(azure: Azure) -> None:
    door = await front_door(azure)
    await create(azure, ROUTE, **door.led, supportedProtocols=["Https"])
    await create(azure, ROUTE, **door.led, routeName="path", patternsToMatch=["/api/*"], supportedProtocols=["Https"])
    await create(azure, ROUTE, **door.led, routeName="protocol", supportedProtocols=["Http"])

    with refused(409, "Conflict", 'The current route is conflict with the route "all"'):
        await create(azure, ROUTE, **door.led, routeName="same", supportedProtocols=["Https"])


async def test_a_rule_set_stays_while_a_route_names_it(azure: Azure) -> None:
    door = await front_door(azure)
    rules = await create(azure, "cdn:RuleSet")
    await create(azure, "cdn:Rule")
    route = await create(azure, ROUTE, **door.led, ruleSets=[{"id": rules.id}])

    with refused(409, "Conflict", "The rule set 'rules' is still associated"):
        await azure.delete(rules.id)
    await azure.delete(route.id)
    await azure.delete(rules.id)

    assert azure.find("cdn:Rule") == []


async def test_rules_of_a_set_have_an_order_each(azure: Azure) -> None:
    await create(azure, "cdn:Profile")
    await create(azure, "cdn:RuleSet")
    first = await create(azure, "cdn:Rule")
    await azure.update(first.id, first.inputs)

    with refused(409, "Conflict", "The order 1 is taken"):
        await create(azure, "cdn:Rule", ruleName="second")


async def test_a_rule_of_no_set_and_a_set_of_no_front_door_are_refused(azure: Azure) -> None:
    with refused(404, "ResourceNotFound", "profiles/door"):
        await create(azure, "cdn:RuleSet")
    with refused(404, "ResourceNotFound", "ruleSets/rules"):
        await create(azure, "cdn:Rule")


@pytest.mark.parametrize(
    ("token", "inputs", "at"),
    [
        ("cdn:RuleSet", {"ruleSetName": "a-b"}, "ruleSetName"),
        ("cdn:Rule", {"ruleName": "1st"}, "ruleName"),
        ("cdn:Rule", {"actions": []}, "actions"),
    ],
)
def test_refused_of_rules_is(azure: Azure, token: str, inputs: dict[str, Any], at: str) -> None:
    assert set(problems_of(azure, token, **inputs)) == {at}
