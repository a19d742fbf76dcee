from typing import Any

import pytest

from localazure.azure import Azure
from tests.unit.localazure.arm import create, problems_of, refused

POLICY = "frontdoor:Policy"
PREMIUM = {"sku": {"name": "Premium_AzureFrontDoor"}}
CONDITION = {"matchValue": ["POST"], "matchVariable": "RequestMethod", "operator": "Equal"}
MATCH = {
    "action": "Block",
    "matchConditions": [CONDITION],
    "name": "rule",
    "priority": 1,
    "ruleType": "MatchRule",
}
LIMIT = {**MATCH, "rateLimitDurationInMinutes": 1, "rateLimitThreshold": 100, "ruleType": "RateLimitRule"}


def _custom(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"customRules": {"rules": list(rules)}}


def _managed(kind: str, version: str) -> dict[str, Any]:
    return {"managedRules": {"managedRuleSets": [{"ruleSetType": kind, "ruleSetVersion": version}]}}


def _values(*values: str, operator: str = "Equal") -> dict[str, Any]:
    return {**MATCH, "matchConditions": [{**CONDITION, "matchValue": values, "operator": operator}]}


@pytest.mark.parametrize(
    ("inputs", "at", "text"),
    [
        ({"policyName": "a-wall"}, "policyName", "1-128 letters and digits"),
        ({"location": "westeurope"}, "location", "'global'"),
        ({"sku": {"name": "Classic_AzureFrontDoor"}}, "sku", "cannot be made any more"),
        ({"sku": {}}, "sku", "cannot be made any more"),
        (_managed("Microsoft_DefaultRuleSet", "2.1"), "managedRules", "They need Premium_AzureFrontDoor"),
        (
            {**PREMIUM, **_managed("Microsoft_DefaultRuleSet", "1.2")},
            "managedRules",
            "type and version is not supported",
        ),
        (_custom(MATCH, {**MATCH, "name": "other"}), "customRules", "unique priorities"),
        (_custom({**MATCH, "name": "a-rule"}), "customRules", "'a-rule' is not a rule name"),
        (_custom({**LIMIT, "rateLimitDurationInMinutes": 2}), "customRules", "a duration of 1 or 5 minutes"),
        (_custom({**LIMIT, "rateLimitThreshold": 0}), "customRules", "needs a threshold"),
        (_custom({**MATCH, "matchConditions": []}), "customRules", "needs a match condition"),
        (_custom(_values(*map(str, range(11)))), "customRules", "at most 10 values"),
    ],
)
def test_refused_of_a_firewall_policy_is(azure: Azure, inputs: dict[str, Any], at: str, text: str) -> None:
    assert text in problems_of(azure, POLICY, **inputs)[at]


@pytest.mark.parametrize(
    "inputs",
    [
        _custom(MATCH, {**LIMIT, "name": "limit", "priority": 2}),
        _custom(_values(*(f"10.0.0.{number}" for number in range(11)), operator="IPMatch")),
        {**PREMIUM, **_managed("Microsoft_DefaultRuleSet", "2.1")},
        {**PREMIUM, **_managed("Microsoft_BotManagerRuleSet", "1.1")},
    ],
)
def test_accepted_of_a_firewall_policy_is(azure: Azure, inputs: dict[str, Any]) -> None:
    assert problems_of(azure, POLICY, **inputs) == {}


async def test_the_tier_of_a_firewall_policy_stays(azure: Azure) -> None:
    made = await create(azure, POLICY)

    with refused(400, "BadRequest", "cannot be updated"):
        await azure.update(made.id, {**made.inputs, **PREMIUM})
