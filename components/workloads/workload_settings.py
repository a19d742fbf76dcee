"""The sizes of workloads: cores, memory and replicas, as the Consumption profile sells them.

Pairs and limits: Microsoft, "Containers in Azure Container Apps" and "Set scaling rules in Azure Container Apps".
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from components.section import Conflict, Section


def odd_memory(cpu: float, memory: str) -> Iterator[Conflict]:
    """Yield memory that Consumption does not sell with so many cores: it is two gibibytes for each."""
    if memory != (fitting := f"{cpu * 2:g}Gi"):
        yield "memory", f'"{memory}" does not go with {cpu:g} cores (allowed "{fitting}")'


class SizeSettings(Section):
    """The size of one replica and how many there may be."""

    cpu: Annotated[float, Field(ge=0.25, le=4, multiple_of=0.25)]
    """Cores of one replica."""
    memory: Annotated[str, Field(pattern=r"^[0-9](\.5)?Gi$")]
    """Memory of one replica: two gibibytes for each core."""
    min_replicas: Annotated[int, Field(ge=0, le=300)]
    """Replicas that always run."""
    max_replicas: Annotated[int, Field(ge=1, le=300)]
    """Replicas at the most."""
    workload_profile: Literal["Consumption", "Dedicated"]
    """What it runs on: machines that are shared and billed by the second, or those of environment.dedicated_profile."""
    log_level: Literal["debug", "info", "warning", "error"]
    """The least severe message that is logged."""

    def conflicts(self) -> Iterator[Conflict]:
        """Yield replica limits the wrong way round, and a ratio of memory that Consumption does not sell."""
        if self.min_replicas > self.max_replicas:
            yield "min_replicas", f"{self.min_replicas} is more than max_replicas ({self.max_replicas})"
        yield from odd_memory(self.cpu, self.memory)


class WorkloadSettings(SizeSettings):
    """The size of a workload that answers requests. One replica stays: a rule on cores cannot bring it back."""

    min_replicas: Annotated[int, Field(ge=1, le=300)]
    """Replicas that always run."""
    concurrent_requests: Annotated[int, Field(ge=1, le=1000)]
    """Requests in flight per replica above which another replica starts."""


class WorkerSettings(SizeSettings):
    """The size of a workload that works off a queue; without messages none need run."""

    queue_length: Annotated[int, Field(ge=1, le=10_000)]
    """Messages waiting per replica above which another replica starts."""
