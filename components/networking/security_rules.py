"""What the security groups of the two subnets let through; everything else is denied.

The rules of Container Apps are those of workload profiles: Microsoft, "Securing a virtual network in Azure Container
Apps" (azure-facts.md section 3.3). Requests from the internet to an environment with a public address do not pass
through its subnet, so no rule here can or must admit them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pulumi_azure_native import network

DATA_PORTS: Final = ("443", "5432", "5671", "6432", "8500-8599", "10000")
"""HTTPS, PostgreSQL, AMQP, pgbouncer, the nodes of Managed Redis, its door."""

_PLATFORM_DNS: Final = "168.63.129.16"
_LAST: Final = 4096
"""The lowest priority that a rule of ours may have."""


@dataclass(frozen=True)
class _Rule:
    name: str
    source: str
    destination: str
    ports: tuple[str, ...]
    protocol: str = "Tcp"
    access: str = "Allow"


def of_apps(subnet: str, endpoints: str) -> list[network.SecurityRuleArgs]:
    """Return the rules of the subnet of the container apps.

    Third parties are reached on HTTPS, and so are Azure's own addresses, which count as internet here. A data service
    without a private endpoint is reached at its public address.

    Args:
        subnet: The range of the container apps.
        endpoints: The range of the private endpoints.
    """
    inbound = (
        _Rule("balancer-in", "AzureLoadBalancer", subnet, ("30000-32767",)),
        _Rule("https-in", "VirtualNetwork", subnet, ("443", "31443")),
        _Rule("apps-in", subnet, subnet, ("*",), protocol="*"),
    )
    outbound = (
        _Rule("apps-out", subnet, subnet, ("*",), protocol="*"),
        _Rule("endpoints-out", subnet, endpoints, DATA_PORTS),
        _Rule("data-out", subnet, "AzureCloud", DATA_PORTS),
        _Rule("https-out", subnet, "Internet", ("443",)),
        _Rule("dns-out", subnet, _PLATFORM_DNS, ("53",), protocol="*"),
        _Rule("time-out", subnet, "*", ("123",), protocol="Udp"),
    )
    return _declared("Inbound", inbound) + _declared("Outbound", outbound)


def of_endpoints(subnet: str, apps: str) -> list[network.SecurityRuleArgs]:
    """Return the rules of the subnet of the private endpoints, which answer the container apps and open nothing.

    Args:
        subnet: The range of the private endpoints.
        apps: The range of the container apps.
    """
    inbound = (_Rule("apps-in", apps, subnet, DATA_PORTS),)
    return _declared("Inbound", inbound) + _declared("Outbound", ())


def _declared(direction: str, rules: Sequence[_Rule]) -> list[network.SecurityRuleArgs]:
    """Return the rules in their order, and at the end the one that denies the rest."""
    deny = _Rule(f"deny-{direction.lower()}", "*", "*", ("*",), protocol="*", access="Deny")
    return [
        network.SecurityRuleArgs(
            name=rule.name,
            access=rule.access,
            direction=direction,
            priority=priority,
            protocol=rule.protocol,
            source_address_prefix=rule.source,
            source_port_range="*",
            destination_address_prefix=rule.destination,
            # a list may not hold the asterisk
            destination_port_range=rule.ports[0] if len(rule.ports) == 1 else None,
            destination_port_ranges=list(rule.ports) if len(rule.ports) > 1 else None,
        )
        for priority, rule in [*enumerate(rules, 100), (_LAST, deny)]
    ]
