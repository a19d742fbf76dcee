"""Where containers run: what every workload and job of an environment has in common."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.identity import WorkloadIdentity
from components.platform import Platform
from components.registry import Registry


@dataclass(frozen=True, kw_only=True)
class Hosting:
    """An environment, and how it gets at the images."""

    platform: Platform
    environment_id: pulumi.Input[str]
    registry: Registry
    """Where images come from."""
    pull: WorkloadIdentity
    """What images are pulled with."""
    grants: Sequence[pulumi.Resource]
    """What must exist before a container starts: roles, private names."""
