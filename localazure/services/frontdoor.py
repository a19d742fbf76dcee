"""Microsoft.Network/frontDoorWebApplicationFirewallPolicies: the firewall of Front Door. Checked, not enforced."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, cast

from localazure.errors import AzureError
from localazure.resource_type import RESOURCE_GROUP, ResourceType, name_problem
from localazure.services.location import location_problem
from localazure.store import Record
from localazure.validation import Problem

MANAGED: Final = {
    "Microsoft_DefaultRuleSet": ("1.1", "2.0", "2.1", "2.2"),
    "Microsoft_BotManagerRuleSet": ("1.0", "1.1"),
    "Microsoft_HTTPDDoSRuleSet": ("1.0",),
}
"""Managed rule sets and versions that go together (Microsoft Learn, "DRS and bot manager rule groups and rules")."""

_MATCH_VALUES = 10
"""String match values of one condition (github.com/MicrosoftDocs/azure-docs, includes/front-door-limits.md)."""

_IP_VALUES = 600
"""Address ranges of one rule (as above)."""


class Policy(ResourceType):
    """A firewall policy of Front Door."""

    token = "frontdoor:Policy"
    path = RESOURCE_GROUP + "/providers/Microsoft.Network/frontDoorWebApplicationFirewallPolicies/{policyName}"

    def refusals(self, inputs: dict[str, Any]) -> Iterable[Problem]:
        """The name rule, tiers that cannot be made, managed rules outside of Premium, and rules that cannot be.

        Classic Front Door takes no new ones (azure-facts.md section 0); managed rules: Microsoft Learn, "Azure Front
        Door tier comparison"; the words of the rest are those of `WebApplicationFirewallPolicy validation failed`
        (github.com/Azure/azure-cli/issues/24148, github.com/MicrosoftDocs/azure-docs/issues/118472).
        """
        yield from name_problem(
            inputs, "policyName", r"[A-Za-z][A-Za-z0-9]{0,127}", "1-128 letters and digits, starting with a letter."
        )
        yield from location_problem(inputs, "Microsoft.Network/frontDoorWebApplicationFirewallPolicies", ["global"])
        sku = inputs.get("sku", {}).get("name", "Classic_AzureFrontDoor")
        if sku.startswith("Classic"):
            yield "sku", f"'{sku}' cannot be made any more. Allowed: Standard_AzureFrontDoor, Premium_AzureFrontDoor"
        sets = inputs.get("managedRules", {}).get("managedRuleSets", [])
        if sets and not sku.startswith("Premium"):
            yield "managedRules", f"Managed rules are not supported in '{sku}'. They need Premium_AzureFrontDoor"
        for used in sets:
            if used.get("ruleSetVersion") not in MANAGED.get(used.get("ruleSetType"), ()):
                yield "managedRules", _failed("Managed rule set type and version is not supported")
        yield from _custom_rules(inputs.get("customRules", {}).get("rules", []))

    async def put(self, record: Record, previous: Record | None) -> None:
        """Refuse another tier for a policy that exists. Azure upgrades it together with its Front Door."""
        if previous and previous.inputs["sku"] != record.inputs["sku"]:
            raise AzureError(400, "BadRequest", "The SKU of a WebApplicationFirewallPolicy cannot be updated.")

    async def delete(self, record: Record) -> None:
        """Refuse while a security policy uses it (the words are ours)."""
        for policy in self.subscription.find("cdn:SecurityPolicy"):
            if policy.inputs["parameters"].get("wafPolicy", {}).get("id", "").lower() == record.id.lower():
                raise AzureError(
                    409, "Conflict", f"The WebApplicationFirewallPolicy is in use by the security policy {policy.id}."
                )


def _custom_rules(rules: list[dict[str, Any]]) -> Iterator[Problem]:
    priorities = [rule.get("priority") for rule in rules]
    if len(set(priorities)) < len(priorities):
        yield "customRules", _failed("Custom rules must have unique priorities")
    for rule in rules:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,127}", rule.get("name", "")):
            yield "customRules", _failed(f"'{rule.get('name')}' is not a rule name: letters and digits")
        if rule.get("ruleType") == "RateLimitRule" and not (
            rule.get("rateLimitThreshold", 0) >= 1 and rule.get("rateLimitDurationInMinutes") in {1, 5}
        ):
            yield "customRules", _failed("A rate limit rule needs a threshold, and a duration of 1 or 5 minutes")
        conditions = cast("list[dict[str, Any]]", rule.get("matchConditions", []))
        if not conditions:
            yield "customRules", _failed("A custom rule needs a match condition")
        for condition in conditions:
            most = _IP_VALUES if condition.get("operator") == "IPMatch" else _MATCH_VALUES
            if len(condition.get("matchValue", [])) > most:
                yield "customRules", _failed(f"A match condition has at most {most} values")


def _failed(reason: str) -> str:
    return f'WebApplicationFirewallPolicy validation failed. More information "{reason}".'
