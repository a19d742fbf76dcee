"""What to run: the part of a container app's template that a runtime needs, as plain frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NewType

Digest = NewType("Digest", str)
"""Content address of an image: `sha256:` and 64 hexadecimal digits of its manifest."""

MAX_REPLICAS: Final = 1000
"""Most replicas of a revision (learn.microsoft.com/azure/container-apps/scale-app)."""


class ProbeKind(StrEnum):
    """What a probe decides."""

    STARTUP = "Startup"
    LIVENESS = "Liveness"
    READINESS = "Readiness"


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One health probe; the defaults are those of `ContainerAppProbe` in the ARM schema of Microsoft.App.

    A `path` asks by HTTP and takes 200 to 399 for success; without one, a TCP connection is success.

    Raises:
        ValueError: a threshold below 1, a period or timeout not above 0, or a success threshold other than 1
            for liveness and startup (learn.microsoft.com/azure/container-apps/health-probes).
    """

    kind: ProbeKind
    port: int
    path: str | None = None
    initial_delay_seconds: float = 0
    period_seconds: float = 10
    timeout_seconds: float = 1
    failure_threshold: int = 3
    success_threshold: int = 1

    def __post_init__(self) -> None:
        if min(self.failure_threshold, self.success_threshold) < 1:
            raise ValueError(f"{self.kind} probe: thresholds must be at least 1")
        if self.period_seconds <= 0 or self.timeout_seconds <= 0 or self.initial_delay_seconds < 0:
            raise ValueError(f"{self.kind} probe: period and timeout must be above 0 s, the delay not below 0 s")
        if self.kind is not ProbeKind.READINESS and self.success_threshold != 1:
            raise ValueError(f"{self.kind} probe: success threshold {self.success_threshold} must be 1")


@dataclass(frozen=True, kw_only=True)
class ContainerSpec:
    """One container. Empty `command` and `args` mean the image's own, as in Container Apps.

    `cpu` is the number of cores it declares, 0 if it does not; they measure its load and do not limit it. Values of
    `env` may be secrets: they are left out of the representation.

    Raises:
        ValueError: two probes of one kind.
    """

    name: str
    digest: Digest
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    probes: tuple[Probe, ...] = ()
    cpu: float = 0

    def __post_init__(self) -> None:
        if len({probe.kind for probe in self.probes}) < len(self.probes):
            raise ValueError(f"container {self.name}: at most one probe of each kind")

    def probe(self, kind: ProbeKind) -> Probe | None:
        """The probe of this kind, if declared."""
        return next((probe for probe in self.probes if probe.kind is kind), None)


@dataclass(frozen=True, kw_only=True)
class QueueRule:
    """Messages that wait in a Service Bus queue, measured as one of the app's identities.

    Attributes:
        namespace: name of the namespace, without a domain.
        queue: name of the queue.
        principal: object id of the identity.
        messages: how many one replica is for; KEDA's default (keda.sh/docs/latest/scalers/azure-service-bus).

    Raises:
        ValueError: the target is out of range.
    """

    namespace: str
    queue: str
    principal: str
    messages: int = 5

    def __post_init__(self) -> None:
        if self.messages < 1:
            raise ValueError(f"scale rules: messageCount {self.messages} must be at least 1")


@dataclass(frozen=True, kw_only=True)
class ScaleRules:
    """When a revision needs another replica. Without any rule, `concurrent_requests` is Azure's default rule.

    Attributes:
        concurrent_requests: how many requests one replica has in flight; None without an HTTP rule.
        cpu_percent: how busy the declared cores are in the mean of all replicas; None without a CPU rule.
        queues: queues whose messages are worked off.
        cooldown_seconds: how long there is no request and no message before the last replica goes.

    Raises:
        ValueError: a target or the cooldown is out of range.
    """

    concurrent_requests: int | None = 10
    cpu_percent: float | None = None
    queues: tuple[QueueRule, ...] = ()
    cooldown_seconds: float = 300

    def __post_init__(self) -> None:
        if self.concurrent_requests is not None and self.concurrent_requests < 1:
            raise ValueError(f"scale rules: concurrentRequests {self.concurrent_requests} must be at least 1")
        if self.cpu_percent is not None and self.cpu_percent <= 0:
            raise ValueError(f"scale rules: CPU utilization {self.cpu_percent} must be above 0 percent")
        if self.cooldown_seconds < 0:
            raise ValueError(f"scale rules: cooldownPeriod {self.cooldown_seconds} must be at least 0 s")


@dataclass(frozen=True, kw_only=True)
class RevisionSpec:
    """One revision: what every replica of it runs, and how many there may be.

    Raises:
        ValueError: no container, two containers of one name, or replica limits out of range or order.
    """

    app: str
    name: str
    containers: tuple[ContainerSpec, ...]
    init_containers: tuple[ContainerSpec, ...] = ()
    min_replicas: int = 0
    max_replicas: int = 10
    rules: ScaleRules = ScaleRules()
    target_port: int | None = None
    termination_grace_seconds: float = 30

    def __post_init__(self) -> None:
        names = [container.name for container in (*self.init_containers, *self.containers)]
        if not self.containers or len(set(names)) < len(names):
            raise ValueError(f"revision {self.name}: needs containers with distinct names, got {names}")
        if not 0 <= self.min_replicas <= self.max_replicas <= MAX_REPLICAS or self.max_replicas < 1:
            raise ValueError(
                f"revision {self.name}: replicas {self.min_replicas} to {self.max_replicas} must be"
                f" within 0 to {MAX_REPLICAS}, the greater at least 1"
            )

    @property
    def cores(self) -> float:
        """CPU cores that a replica declares."""
        return sum(container.cpu for container in self.containers)

    @property
    def scales_to_zero(self) -> bool:
        """Whether it may have no replica: a rule on CPU alone cannot bring one back (scale-app, "Scale rules")."""
        return self.min_replicas == 0 and bool(self.rules.concurrent_requests or self.rules.queues)

    @property
    def listening_port(self) -> int | None:
        """The port that a replica is given one of its own for: of its requests, else of its probes."""
        probes = (probe.port for container in self.containers for probe in container.probes)
        return self.target_port or next(probes, None)
