"""How many replicas a revision should have: the arithmetic of Container Apps, without a process or a clock.

The numbers are those of learn.microsoft.com/azure/container-apps/scale-app, section "Scale behavior".
"""

import math
from dataclasses import dataclass
from typing import Final

from localazure.containers.spec import RevisionSpec

_FIRST_STEP: Final = 4
_PERCENT: Final = 100


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a revision does at one moment.

    Attributes:
        replicas: how many serve or start.
        requests: in flight, or held until there is a replica.
        active: whether there was a request since the look before.
        messages: how many wait, for each queue of the rules.
        busy: the share of its declared cores that a replica has used since then, 0 to 1; None if it is not known.
    """

    replicas: int
    requests: int
    active: bool
    messages: tuple[int, ...] = ()
    busy: float | None = None


class Scaling:
    """Decides for one revision, look by look.

    Up at once, but to no more than four or twice as many; down to the most that was needed within the stabilisation
    window; from one to none after a cooldown without a request or message; from none to one with the first one.

    Args:
        spec: limits and rules.
        replicas: how many it starts with.
        now: any time in seconds; later ones are measured against it.
        stabilisation_seconds: how long fewer replicas must be enough before the others go.
    """

    def __init__(self, spec: RevisionSpec, *, replicas: int, now: float, stabilisation_seconds: float) -> None:
        self._spec = spec
        self._window = stabilisation_seconds
        self._needed = [(now, replicas)]
        self._last_active = now

    def wanted(self, load: Load, *, now: float) -> int:
        """How many replicas there should be from now on."""
        active = load.active or load.requests > 0 or any(load.messages)
        if active:
            self._last_active = now
        needed = min(max(1, self._spec.min_replicas, self._by_rules(load)), self._spec.max_replicas)
        self._needed = [*((at, count) for at, count in self._needed if now - at < self._window), (now, needed)]
        if load.replicas == 0:
            return int(active)
        if needed > load.replicas:
            return min(needed, max(_FIRST_STEP, 2 * load.replicas))
        if load.replicas == 1:
            return 0 if self._spec.scales_to_zero and self._is_cold(now) else 1
        return min(load.replicas, max(count for _, count in self._needed))

    def _is_cold(self, now: float) -> bool:
        return now - self._last_active >= self._spec.rules.cooldown_seconds

    def _by_rules(self, load: Load) -> int:
        """The most that any rule asks for: current value / target value, rounded up."""
        rules, asked = self._spec.rules, [0]
        if rules.concurrent_requests:
            asked.append(math.ceil(load.requests / rules.concurrent_requests))
        if rules.cpu_percent and load.busy is not None:
            asked.append(math.ceil(load.replicas * load.busy * _PERCENT / rules.cpu_percent))
        queues = zip(load.messages, rules.queues, strict=True)
        return max([*asked, *(math.ceil(waiting / rule.messages) for waiting, rule in queues)])
