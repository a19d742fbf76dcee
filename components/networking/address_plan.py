"""Which address ranges the network may have. Pure rules, no resource.

Azure refuses a wrong range late: an environment reports it minutes after its subnet was made, and the size of a
subnet in use cannot be changed. Sizes and reserved ranges: Microsoft, "Virtual network configuration" of Azure
Container Apps (azure-facts.md section 3.3). Of the reserved ranges only two are private addresses.
"""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from itertools import combinations
from typing import Annotated, Final

from pydantic import Field

from components.section import Conflict

Range = Annotated[str, Field(pattern=r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$")]
"""A range of addresses, as 10.20.0.0/16."""

PRIVATE: Final = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
"""Private addresses: RFC 1918."""

RESERVED: Final = tuple(map(IPv4Network, ("172.30.0.0/16", "172.31.0.0/16")))
"""What Container Apps keeps for itself."""


def conflicts(address_space: str, subnets: Mapping[str, tuple[str, int]]) -> Iterator[Conflict]:
    """Yield every range that Azure would refuse, under its key.

    Args:
        address_space: The range of the network, under the key `address_space`.
        subnets: By key, the range of each subnet and the longest prefix that it may have.
    """
    ranges = {"address_space": address_space, **{key: text for key, (text, _) in subnets.items()}}
    parsed = {key: _parsed(text) for key, text in ranges.items()}
    yield from ((key, problem) for key, problem in parsed.items() if isinstance(problem, str))
    networks = {key: network for key, network in parsed.items() if isinstance(network, IPv4Network)}
    for key, network in networks.items():
        yield from ((key, text) for text in _unusable(network))
    if len(networks) < len(ranges):
        return  # a range that is none has no place among the others
    space = networks.pop("address_space")
    for key, network in networks.items():
        longest = subnets[key][1]
        if network.prefixlen > longest:
            yield (
                key,
                f'"{network}" is too small (allowed /{longest} or larger, as {network.network_address}/{longest})',
            )
        if not network.subnet_of(space):
            yield key, f'"{network}" is outside of address_space "{space}"{_advice(space, networks, key)}'
    for (one, first), (other, second) in combinations(networks.items(), 2):
        if first.overlaps(second):
            yield other, f'"{second}" overlaps {one} "{first}"{_advice(space, networks, other)}'


def _parsed(text: str) -> IPv4Network | str:
    try:
        network = IPv4Network(text, strict=False)
    except ValueError:
        return f'"{text}" is not a range of addresses (allowed like 10.20.0.0/16)'
    return network if text == str(network) else f'"{text}" is not the start of its range (allowed "{network}")'


def _unusable(network: IPv4Network) -> Iterator[str]:
    if not any(network.subnet_of(private) for private in PRIVATE):
        yield f'"{network}" is not private (allowed inside {", ".join(map(str, PRIVATE))})'
    for reserved in RESERVED:
        if network.overlaps(reserved):
            yield f'"{network}" overlaps "{reserved}", which Container Apps reserves (allowed a range beside it)'


def _advice(space: IPv4Network, networks: Mapping[str, IPv4Network], key: str) -> str:
    """Return a range for `key` that is free, or what else to do."""
    others = [network for other, network in networks.items() if other != key and network.subnet_of(space)]
    free = [space]
    for other in others:
        free = [rest for part in free for rest in _without(part, other)]
    prefix = networks[key].prefixlen
    fitting = next((part for part in sorted(free) if part.prefixlen <= prefix), None)
    if fitting is None:
        return f" (allowed none of this size: make address_space larger than {space})"
    return f' (allowed for example "{fitting.network_address}/{prefix}")'


def _without(part: IPv4Network, other: IPv4Network) -> Iterator[IPv4Network]:
    if not part.overlaps(other):
        yield part
    elif other.subnet_of(part):
        yield from part.address_exclude(other)
