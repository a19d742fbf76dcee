"""The limits of the service, which all replicas share: settled behind requests, or asked for before them.

| limit | of | shared | what counts |
|---|---|---|---|
| address | a client's address | settled several times a second | every request |
| person | a person | settled several times a second | every request with a good token |
| costly | a person | asked for each time | calls of a language model, long operations |
| tools | a person | asked for each time | calls of tools |
| refusals | a client's address | asked for each time | bearer tokens that were refused |

Asking costs a trip to Redis, nearly as much as a whole answer from the cache: so only what costs money or is a guess is
asked for. While Redis is away, every limit counts in each replica. A limit is of a name: the API and the tool server,
which have the same ones, share them too.
"""

import time
from collections.abc import Callable
from typing import Final

from app.cache.keys import cache_name
from app.cache.link import Link
from app.domain.errors import TooMany
from app.domain.models import Principal
from app.limits.allowance import LocalAllowance, Policy, Verdict
from app.limits.settled import SettledAllowance
from app.limits.shared import SharedAllowance
from app.limits.shared_times import RedisTimes
from app.telemetry.counters import LIMITER_ANSWERS, Counter

COSTLY_SHARE: Final = 5
"""One in so many of a person's requests may be a costly one."""
REFUSED_SHARE: Final = 2
"""One in so many of an address's requests may be refused for its token."""


class Limiter:
    """Counts requests against every limit.

    Args:
        per_person: Requests per minute.
        per_address: Requests per minute.
        link: To the Redis that replicas share; None for one replica alone.
        clock: Monotonic seconds.
        answers: Where it is counted what was refused, and what Redis could not be asked about.
    """

    def __init__(
        self,
        *,
        per_person: int,
        per_address: int,
        link: Link | None = None,
        clock: Callable[[], float] = time.monotonic,
        answers: Counter = LIMITER_ANSWERS,
    ) -> None:
        def shared(policy: Policy) -> SharedAllowance:
            return SharedAllowance(policy, link, LocalAllowance(policy, clock), answers=answers)

        def settled(policy: Policy) -> LocalAllowance:
            if link is None:
                return LocalAllowance(policy, clock)
            allowance = SettledAllowance(policy, RedisTimes(policy, link), clock)
            self.settled.append(allowance)
            return allowance

        self.settled: list[SettledAllowance] = []
        """What is to be settled in the background (`app.limits.settling`)."""
        self._address = settled(Policy(name="address", quota=per_address))
        self._person = settled(Policy(name="person", quota=per_person))
        self.costly = shared(Policy(name="costly", quota=max(1, per_person // COSTLY_SHARE)))
        self.tools = shared(Policy(name="tools", quota=per_person))
        self.refusals = shared(Policy(name="refusals", quota=max(1, per_address // REFUSED_SHARE)))
        self._answers = answers

    def ask_address(self, network: str) -> Verdict:
        """Count a request of an address, for all replicas; nothing is waited for."""
        return self._noted(self._address.take(network))

    def ask_person(self, person: Principal) -> Verdict:
        """Count a request of a person, for all replicas; nothing is waited for."""
        return self._noted(self._person.take(cache_name(person)))

    async def ask_costly(self, person: Principal) -> Verdict:
        """Count a costly request of a person, in all replicas."""
        return self._noted(await self.costly.take(cache_name(person)))

    async def ask_tool(self, person: Principal) -> Verdict:
        """Count a call of a tool for a person, in all replicas."""
        return self._noted(await self.tools.take(cache_name(person)))

    async def ask_refusal(self, network: str) -> Verdict:
        """Count a refused token of an address, in all replicas."""
        return self._noted(await self.refusals.take(network))

    def _noted(self, verdict: Verdict) -> Verdict:
        if not verdict.allowed:
            self._answers.add(verdict.policy.name)
        return verdict


def require(verdict: Verdict) -> None:
    """Raise `TooMany` when a request is over a limit."""
    if not verdict.allowed:
        raise TooMany(verdict.policy.name, retry_after_s=max(1, -int(-verdict.retry_in_s // 1)))
