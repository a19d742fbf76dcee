"""How many replicas an environment must and can have: rules between sections of a stack file. No resource."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import Final

from components.section import Conflict

ZONES: Final = 3
"""Zones of a region. Two replicas are the least that zone redundancy does anything for, three reach every zone
(Microsoft, "Reliability in Azure Container Apps")."""

_TAKEN: Final = 5 + 12
"""Addresses of a subnet that Azure keeps in any, and Container Apps in its own."""


def replica_floor(*, zone_redundant: bool, minimums: Mapping[str, int]) -> Iterator[Conflict]:
    """Yield every workload that would leave a zone without a replica.

    Args:
        zone_redundant: Whether the environment spreads replicas over zones.
        minimums: The least replicas of each workload that must survive a zone, by the key of its section.
    """
    for workload, minimum in minimums.items():
        if zone_redundant and minimum < ZONES:
            fix = f"allowed {ZONES} or more, or environment.zone_redundant false"
            yield f"{workload}.min_replicas", f"{minimum} leaves a zone without a replica ({fix})"


def replica_room(apps_subnet: str, maximums: Mapping[str, int]) -> Iterator[Conflict]:
    """Yield a subnet that has no addresses for all replicas.

    Ten replicas share an address, and an update needs as many again while two revisions run: 70 replicas in a /27,
    1,190 in a /24 (Microsoft, "Virtual network configuration" of Azure Container Apps).

    Args:
        apps_subnet: The range of the container apps, a valid one.
        maximums: The most replicas of each workload, by the key of its section.
    """
    room = (IPv4Network(apps_subnet).num_addresses - _TAKEN) // 2 * 10
    replicas = sum(maximums.values())
    if replicas > room:
        fix = f"allowed a larger range, or fewer max_replicas in {', '.join(maximums)}"
        yield "network.apps_subnet", f'"{apps_subnet}" has addresses for {room} replicas and not for {replicas} ({fix})'
