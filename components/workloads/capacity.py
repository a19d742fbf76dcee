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


def own_machines(dedicated_profile: str, profiles: Mapping[str, str]) -> Iterator[Conflict]:
    """Yield every workload on machines that are not there, and machines that nothing runs on.

    Args:
        dedicated_profile: The kind of the environment's own machines, or None.
        profiles: What each workload runs on, by the key of its section.
    """
    dedicated = [workload for workload, profile in profiles.items() if profile == "Dedicated"]
    if dedicated_profile == "None":
        fix = 'allowed "Consumption", or another environment.dedicated_profile than "None"'
        yield from ((f"{each}.workload_profile", f'"Dedicated" has no machines ({fix})') for each in dedicated)
    elif not dedicated:
        fix = f'allowed "None", or the workload_profile "Dedicated" of {", ".join(profiles)}'
        yield "environment.dedicated_profile", f'"{dedicated_profile}" is paid for and nothing runs on it ({fix})'


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
