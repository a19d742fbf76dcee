"""Allowances that replicas share without a trip on a request's way: taken here at once, settled behind the request.

Each replica decides by the time that it knows, and counts what it lets through. A settlement tells the shared times of
it and takes over when each allowance will be whole by what all replicas have told. So a key that is over its limit in
all replicas together is refused by each of them from its next settlement on. What that lets through:

- A replica that has not settled a key of late allows it the whole quota until it has: at the very worst, with so many
  requests at each of them within one interval, the quota times the replicas. What was too much is owed: it is paid by
  waiting, up to a further window; over time all replicas together allow the rate of one.
- While the shared times cannot be reached, each replica's own limit counts. What it let through is told when they are
  back, less what has been refilled by then.

A settlement whose answer was lost is sent again under its number, and never counts twice. What a replica let through
after its last settlement ends with it.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Final, Protocol

from app.limits.allowance import LocalAllowance, Policy, Verdict

BATCH: Final = 200
"""Keys that one trip tells of: about a millisecond of Redis and of ours (measured); further ones take further trips."""
LATE_S: Final = 1.0
"""What was let through no longer ago is told in full; of what is older, that which has been refilled is not."""


class SharedTimes(Protocol):
    """When allowances will be whole, for all replicas; `app.limits.shared_times.RedisTimes` has them in Redis."""

    async def add(self, number: int, taken: Mapping[str, float]) -> Sequence[float]:
        """Move times on, and return the seconds until each allowance is whole again, in the order of `taken`.

        Args:
            number: Of the settlement, higher than those before it; what was added under it is not added again.
            taken: Seconds by key.

        Raises:
            Unavailable: They do not answer; it may have been added.
        """
        ...


class SettledAllowance(LocalAllowance):
    """Allowances of many keys, taken in this process and settled with the other replicas.

    Args:
        policy: The limit.
        shared: What all replicas have told.
        clock: Monotonic seconds.
    """

    def __init__(self, policy: Policy, shared: SharedTimes, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(policy, clock)
        self._shared = shared
        self._untold: dict[str, int] = {}
        """Requests by key, whoever has waited longest first; a key with none is only asked about."""
        self._telling: dict[str, int] = {}
        """Those of the settlement that is under way, until it has been answered."""
        self._number = 0

    def take(self, key: str) -> Verdict:
        """Take one request from the allowance of a key, if it has one left as far as is known here."""
        verdict = super().take(key)
        if verdict.allowed:
            self._untold[key] = self._untold.get(key, 0) + 1
        return verdict

    async def settle(self) -> None:
        """Tell what was let through until now, in as many trips as it takes; nothing is asked when nothing was.

        Raises:
            Unavailable: The shared times do not answer; the next settlement goes on where this one ended.
        """
        told: list[str] = []
        for _ in range(-(-len(self._untold) // BATCH) + bool(self._telling)):
            told += await self._settle_batch()
        for key in told:  # is asked about once more, for what other replicas told of it just after this
            if key in self._whole_at:
                self._untold.setdefault(key, 0)

    async def _settle_batch(self) -> list[str]:
        if not self._telling:
            self._telling = {key: self._untold.pop(key) for key in list(islice(self._untold, BATCH))}
            self._number += 1
        asked_at = self._clock()
        taken = {
            key: self._worth(key, requests, asked_at, newer_s=self._newer_s(key, asked_at))
            for key, requests in self._telling.items()
        }
        whole_in = await self._shared.add(self._number, taken)
        for key, whole_in_s in zip(taken, whole_in, strict=True):
            self._take_over(key, asked_at + whole_in_s, asked_at)
        told = [key for key, requests in self._telling.items() if requests]
        self._telling = {}
        return told

    def _take_over(self, key: str, whole_at: float, asked_at: float) -> None:
        """Believe the shared time, and what came since, unless the own time is later: Redis may have lost it."""
        if key in self._whole_at:
            self._whole_at[key] = max(self._whole_at[key], whole_at + self._newer_s(key, asked_at))

    def _newer_s(self, key: str, now: float) -> float:
        requests = self._untold.get(key)
        return self._worth(key, requests, now) if requests else 0.0

    def _worth(self, key: str, requests: int, now: float, *, newer_s: float = 0.0) -> float:
        """Return the seconds that requests took of an allowance, less what was refilled if they are told late.

        Args:
            key: Whose.
            requests: How many.
            now: The time.
            newer_s: What requests after them took, which is refilled after them.
        """
        missing_s = self._whole_at.get(key, now) - now - newer_s
        return max(0.0, min(requests * self._share_s, missing_s + LATE_S))

    def _forget(self, key: str) -> None:
        super()._forget(key)
        self._untold.pop(key, None)
