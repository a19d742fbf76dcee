"""What the service is made of and from: identities, sizes, releases, and the stores that it uses. No resource."""

from dataclasses import dataclass
from typing import Literal

import pulumi

from components.authentication import AuthenticationSettings
from components.cache import Cache
from components.database import Database
from components.edge.front_door import Edge
from components.identity import WorkloadIdentity
from components.messaging import Messaging
from components.observability import Observability
from components.storage import Storage
from components.vault import Vault
from components.workloads.hosting import Hosting
from components.workloads.job import JobSettings, RestoreSettings
from components.workloads.rollout import Rollout
from components.workloads.service_settings import ChatSettings, LimitSettings, RetentionSettings, WebSettings
from components.workloads.workload_settings import SizeSettings, WorkerSettings, WorkloadSettings

WorkloadName = Literal["api", "mcp", "worker"]


@dataclass(frozen=True, kw_only=True)
class Identities:
    """What each workload and job acts as."""

    api: WorkloadIdentity
    mcp: WorkloadIdentity
    worker: WorkloadIdentity
    """Also that of the job `upkeep`: both see everybody's rows."""
    migrate: WorkloadIdentity
    """The administrator of the database, and owner of its tables; also that of the job `restore`."""
    backup: WorkloadIdentity

    def of(self, name: WorkloadName) -> WorkloadIdentity:
        """Return that of a workload."""
        return {"api": self.api, "mcp": self.mcp, "worker": self.worker}[name]


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """The section of each workload and job."""

    api: WorkloadSettings
    mcp: WorkloadSettings
    worker: WorkerSettings
    migrate: JobSettings
    backup: JobSettings
    restore: RestoreSettings
    upkeep: JobSettings

    def of(self, name: WorkloadName) -> SizeSettings:
        """Return that of a workload."""
        return {"api": self.api, "mcp": self.mcp, "worker": self.worker}[name]


@dataclass(frozen=True, kw_only=True)
class Rollouts:
    """What each workload serves."""

    api: Rollout
    mcp: Rollout
    worker: Rollout

    def of(self, name: WorkloadName) -> Rollout:
        """Return that of a workload."""
        return {"api": self.api, "mcp": self.mcp, "worker": self.worker}[name]


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How the service behaves, as the stack file says."""

    authentication: AuthenticationSettings
    chat: ChatSettings
    limits: LimitSettings
    web: WebSettings
    retention: RetentionSettings
    trace_percent: int
    """The share of requests that are traced."""


@dataclass(frozen=True, kw_only=True)
class ServiceArgs:
    """Arguments of `Service`."""

    hosting: Hosting
    identities: Identities
    sizes: Sizes
    rollouts: Rollouts
    behaviour: Behaviour
    edge: Edge
    """The only door that requests come through, if there is one."""
    frontend_origin: pulumi.Input[str]
    """Where people find the frontend, whose pages ask the API."""
    vault: Vault
    database: Database
    cache: Cache
    messaging: Messaging
    storage: Storage
    observability: Observability
