"""Whose address a request comes from: what our own proxies wrote, never what a client wrote.

Each proxy appends the address of its peer to `X-Forwarded-For`. With so many proxies of ours, the entry that the
outermost of them wrote is that many from the right; what stands to the left of it anybody may have written.
"""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

UNKNOWN: Final = "unknown"
_LONGEST: Final = 64
"""Characters of an entry that is looked at."""
_V6_GROUP: Final = 64
"""Bits of the network that one customer is given, who may use any address of it."""


def client_network(forwarded: Sequence[str], peer: str, *, hops: int) -> str:
    """Name the address that counts against a limit: an IPv4 address, or the /64 network of an IPv6 one.

    Args:
        forwarded: The values of `X-Forwarded-For`, in order.
        peer: Who has connected.
        hops: Proxies of ours that the request came through; 0 when nobody but the peer is believed.
    """
    if hops:
        entries = ",".join(forwarded).rsplit(",", hops)
        if len(entries) >= hops and (network := _network(entries[-hops].strip()[:_LONGEST])):
            return network
    return _network(peer[:_LONGEST]) or peer or UNKNOWN


@lru_cache(maxsize=10_000)
def _network(entry: str) -> str | None:
    address = _address(entry)
    match address:
        case IPv4Address():
            return str(address)
        case IPv6Address():
            if mapped := address.ipv4_mapped:
                return str(mapped)
            return str(IPv6Network((int(address) >> _V6_GROUP << _V6_GROUP, _V6_GROUP)))
        case None:
            return None


def _address(entry: str) -> IPv4Address | IPv6Address | None:
    """Read an address, which may have a port behind it, as some proxies write it."""
    if entry.startswith("["):
        entry = entry[1:].partition("]")[0]
    elif entry.count(":") == 1:
        entry = entry.partition(":")[0]
    try:
        return ip_address(entry.partition("%")[0])
    except ValueError:
        return None
