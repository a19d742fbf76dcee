"""Rules of a network security group, held against what the network provider says of them.

Codes and texts: SecurityRuleConflict (github.com/Azure/aks-engine/issues/2106), SecurityRuleInvalidPriority, the ARM
reference of `securityRules`.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from localazure.validation import Problem

_PRIORITIES = range(100, 4097)
_PORTS = range(65536)
_NEEDED = {
    "sourceAddressPrefix": ("sourceAddressPrefixes", "sourceApplicationSecurityGroups"),
    "sourcePortRange": ("sourcePortRanges",),
    "destinationAddressPrefix": ("destinationAddressPrefixes", "destinationApplicationSecurityGroups"),
    "destinationPortRange": ("destinationPortRanges",),
}


def rule_problems(rules: Sequence[dict[str, Any]]) -> Iterator[Problem]:
    """Everything wrong with rules that stand in one group."""
    taken: dict[tuple[str, str], str] = {}
    for index, rule in enumerate(rules):
        at, name = f"securityRules[{index}]", rule.get("name", "")
        yield from _own_problems(rule, at)
        for key in (rule.get("direction", ""), str(rule.get("priority"))), ("name", name):
            if key not in taken:
                taken[key] = name
            elif key[0] == "name":
                yield at, f"Security rule {name} is declared twice"
            else:
                reason = "Rules cannot have the same Priority and Direction"
                yield at, f"Security rule {taken[key]} conflicts with rule {name}. {reason}"


def _own_problems(rule: dict[str, Any], at: str) -> Iterator[Problem]:
    if not rule.get("name"):
        yield at, "a security rule needs a name"
    if rule.get("priority") not in _PRIORITIES:
        yield at, f"Security rule has invalid Priority. Value provided: {rule.get('priority')} Allowed range 100-4096"
    for one, others in _NEEDED.items():
        if not any(rule.get(key) for key in (one, *others)):
            yield at, f"Security rule must specify one of {', '.join((one, *others))}"
    for side in ("source", "destination"):
        ports = [rule.get(f"{side}PortRange"), *rule.get(f"{side}PortRanges", [])]
        for port in ports:
            if port not in (None, "*") and not _is_port_range(port):
                fix = "Value should be an integer OR integer range with '-' delimiter. Valid range 0-65535"
                yield at, f"Security rule has invalid Port range. Value provided: {port}. {fix}"


def _is_port_range(text: str) -> bool:
    ends = [int(end) for end in text.split("-")] if re.fullmatch(r"\d+(-\d+)?", text) else []
    return bool(ends) and ends == sorted(ends) and all(end in _PORTS for end in ends)
