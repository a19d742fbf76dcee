"""Allowances: a quota at once, refilled evenly over its window (the generic cell rate algorithm, GCRA).

All that is kept per key is one time: when the allowance will be whole again. Each request moves it on by its share of
the window; more than a window ahead is too much.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

KEYS_MAX: Final = 100_000
"""Whoever has not asked for longest is forgotten first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """A limit.

    Args:
        name: How callers are told of it.
        quota: Requests at once, and per window.
        window_s: Seconds in which a used-up quota is whole again.
    """

    name: str
    quota: int
    window_s: int = 60


class Verdict(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an allowance says to a request; a structure, as one is made per limit and request.

    Args:
        policy: The limit.
        whole_in_s: Seconds until the quota is whole again.
        retry_in_s: Seconds until the next request is allowed; 0 when this one is.
    """

    policy: Policy
    whole_in_s: float
    retry_in_s: float = 0.0

    @property
    def allowed(self) -> bool:
        """Whether the request may pass."""
        return self.retry_in_s <= 0

    @property
    def remaining(self) -> int:
        """Requests that would be allowed now."""
        policy = self.policy
        free_s = policy.window_s - self.whole_in_s
        return max(0, min(policy.quota, math.floor(free_s * policy.quota / policy.window_s + 1e-6)))


class LocalAllowance:
    """Allowances of many keys in this process.

    Args:
        policy: The limit.
        clock: Monotonic seconds.
    """

    def __init__(self, policy: Policy, clock: Callable[[], float] = time.monotonic) -> None:
        self.policy = policy
        self._clock = clock
        self._share_s = policy.window_s / policy.quota
        self._whole_at: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._whole_at)

    def take(self, key: str) -> Verdict:
        """Take one request from the allowance of a key, if it has one left."""
        now = self._clock()
        whole_at = max(self._whole_at.get(key, now), now)
        taken_at = whole_at + self._share_s
        over_s = taken_at - now - self.policy.window_s
        if over_s > 1e-9:  # noqa: PLR2004 - what summing shares rounds
            return Verdict(policy=self.policy, whole_in_s=whole_at - now, retry_in_s=over_s)
        self._whole_at[key] = taken_at
        self._whole_at.move_to_end(key)
        if len(self._whole_at) > KEYS_MAX:
            self._forget(next(iter(self._whole_at)))
        return Verdict(policy=self.policy, whole_in_s=taken_at - now)

    def _forget(self, key: str) -> None:
        del self._whole_at[key]
