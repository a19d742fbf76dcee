"""The web application firewall in front of every site: it prevents, it does not only watch.

Managed rules are sold with the Premium tier alone; on Standard the firewall has the rules written here (Microsoft,
"Azure Front Door tier comparison"). One rule limits how often an address may ask, the other lets no method through
that no site answers.
"""

from typing import Final

import pulumi
from pulumi_azure_native import frontdoor

from components import names
from components.platform import Platform

METHODS: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST")
"""What the sites answer."""

EVERYBODY: Final = ("0.0.0.0/0", "::/0")
"""A rule must name somebody, also when it means all."""

_WRITTEN_BY_PEOPLE: Final = {"title": "Equals", "notes": "Equals", "params": "StartsWith"}
"""Members of a request's JSON that hold whatever a person, or a model for them, has written."""


def policy(
    name: str, *, platform: Platform, sku: str, rate_limit_per_minute: int, parent: pulumi.Resource
) -> frontdoor.Policy:
    """Return the firewall policy for a Front Door of the tier `sku`, as "Premium_AzureFrontDoor"."""
    return frontdoor.Policy(
        name,
        policy_name=names.firewall_policy(platform.environment),
        resource_group_name=platform.resource_group_name,
        location="Global",
        sku=frontdoor.SkuArgs(name=sku),
        policy_settings=frontdoor.PolicySettingsArgs(
            enabled_state=frontdoor.PolicyEnabledState.ENABLED,
            mode=frontdoor.PolicyMode.PREVENTION,
            request_body_check=frontdoor.PolicyRequestBodyCheck.ENABLED,
        ),
        custom_rules=frontdoor.CustomRuleListArgs(rules=[_known_methods(), _rate_limit(rate_limit_per_minute)]),
        managed_rules=frontdoor.ManagedRuleSetListArgs(
            managed_rule_sets=_managed_rules() if sku.startswith("Premium") else []
        ),
        tags=platform.tags(parent.pulumi_resource_name),
        opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=True),
    )


def _known_methods() -> frontdoor.CustomRuleArgs:
    return frontdoor.CustomRuleArgs(
        name="knownMethods",
        priority=10,
        rule_type=frontdoor.RuleType.MATCH_RULE,
        action=frontdoor.ActionType.BLOCK,
        match_conditions=[
            frontdoor.MatchConditionArgs(
                match_variable=frontdoor.MatchVariable.REQUEST_METHOD,
                operator=frontdoor.Operator.EQUAL,
                negate_condition=True,
                match_value=METHODS,
            )
        ],
    )


def _rate_limit(per_minute: int) -> frontdoor.CustomRuleArgs:
    return frontdoor.CustomRuleArgs(
        name="rateLimit",
        priority=20,
        rule_type=frontdoor.RuleType.RATE_LIMIT_RULE,
        action=frontdoor.ActionType.BLOCK,
        rate_limit_threshold=per_minute,
        rate_limit_duration_in_minutes=1,
        group_by=[frontdoor.GroupByVariableArgs(variable_name=frontdoor.VariableName.SOCKET_ADDR)],
        match_conditions=[
            frontdoor.MatchConditionArgs(
                match_variable=frontdoor.MatchVariable.SOCKET_ADDR,
                operator=frontdoor.Operator.IP_MATCH,
                match_value=EVERYBODY,
            )
        ],
    )


def _managed_rules() -> list[frontdoor.ManagedRuleSetArgs]:
    # A note about SQL is no attack: it reaches the database as a parameter and a page as text.
    lenient = [
        frontdoor.ManagedRuleGroupOverrideArgs(rule_group_name=group, exclusions=_not_looked_at())
        for group in ("SQLI", "XSS")
    ]
    # A look-up by Log4j (CVE-2021-44228) is blocked whatever its score.
    strict = frontdoor.ManagedRuleGroupOverrideArgs(
        rule_group_name="JAVA",
        rules=[
            frontdoor.ManagedRuleOverrideArgs(
                rule_id="944240",
                enabled_state=frontdoor.ManagedRuleEnabledState.ENABLED,
                action=frontdoor.ActionType.BLOCK,
            )
        ],
    )
    return [
        frontdoor.ManagedRuleSetArgs(
            rule_set_type="Microsoft_DefaultRuleSet",
            rule_set_version="2.1",
            rule_set_action=frontdoor.ManagedRuleSetActionType.BLOCK,
            rule_group_overrides=[*lenient, strict],
        ),
        frontdoor.ManagedRuleSetArgs(rule_set_type="Microsoft_BotManagerRuleSet", rule_set_version="1.1"),
    ]


def _not_looked_at() -> list[frontdoor.ManagedRuleExclusionArgs]:
    return [
        frontdoor.ManagedRuleExclusionArgs(
            match_variable=frontdoor.ManagedRuleExclusionMatchVariable.REQUEST_BODY_JSON_ARG_NAMES,
            selector_match_operator=operator,
            selector=member,
        )
        for member, operator in _WRITTEN_BY_PEOPLE.items()
    ]
