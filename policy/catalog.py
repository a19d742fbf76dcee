"""All rules."""

from typing import Final

from policy.rule import AnyRule
from policy.rules import (
    access,
    alerts,
    cache,
    database,
    edge,
    environment,
    governance,
    images,
    keys,
    messaging,
    network,
    observability,
    registry,
    scale,
    secrets,
    storage,
    traffic,
    vault,
    workloads,
)

AREAS: Final = (
    access,
    alerts,
    cache,
    database,
    edge,
    environment,
    governance,
    images,
    keys,
    messaging,
    network,
    observability,
    registry,
    scale,
    secrets,
    storage,
    traffic,
    vault,
    workloads,
)

RULES: Final[tuple[AnyRule, ...]] = tuple(rule for area in AREAS for rule in area.RULES)
