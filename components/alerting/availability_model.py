"""What availability can be promised: the product of what the hard dependencies promise.

A dependency is hard when a request fails without it. Cache, queue, vault and language models are soft: the service
answers without them, if less well; were they hard, 99.9 % could not be promised. The numbers are Azure's service level
agreements at their best (Microsoft, "Service Level Agreements for Online Services"; zone-redundant where it counts).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Dependency:
    """Something that a request may need, and the availability that its maker promises."""

    name: str
    percent: float
    hard: bool


DEPENDENCIES: Final = (
    Dependency(name="Front Door", percent=99.99, hard=True),
    Dependency(name="Container Apps", percent=99.95, hard=True),
    Dependency(name="Entra", percent=99.99, hard=True),
    Dependency(name="PostgreSQL", percent=99.99, hard=True),
    Dependency(name="Managed Redis", percent=99.99, hard=False),
    Dependency(name="Service Bus", percent=99.9, hard=False),
    Dependency(name="Key Vault", percent=99.99, hard=False),
    Dependency(name="language models", percent=99.9, hard=False),
)


def promise_percent(dependencies: Iterable[Dependency] = DEPENDENCIES) -> float:
    """Return the availability, in per cent to two places, below which the hard dependencies alone may fall."""
    hard = (dependency.percent / 100 for dependency in dependencies if dependency.hard)
    return int(prod(hard) * 10_000) / 100
