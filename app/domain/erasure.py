"""The erasure of a person: once it is asked for nothing more is kept for them, and it goes on until nothing is left.

It is a saga over stores, each of which forgets a person as often as it is told to. Steps are noted, so that whoever
goes on after a crash starts where it stopped; a step that was done and not noted is done again. It ends when every
store has been looked through and none holds anything of the person.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from app.domain.errors import Unavailable
from app.domain.models import Principal

KIND: Final = "privacy.erase"
"""The kind of the message that makes a worker go on with an erasure; its body is an `erasure`, the id."""
OVERDUE: Final = timedelta(days=25)
"""Age of an unfinished erasure that must be looked at: a person has an answer within a month (GDPR, Article 12(3))."""
ROUNDS: Final = 3
"""How often stores are told again to forget what was found in them."""


def person_of(owner: Principal) -> bytes:
    """Return the hash that an erased person is known by; the same as `person_of` in the database (revision 0008)."""
    return hashlib.sha256(f"{owner.issuer}\x1f{owner.subject}".encode()).digest()


def confirmation_of(owner: Principal) -> str:
    """Return what a person repeats to be erased.

    The token has proved who it is. What remains is an erasure that was not meant: a program with the tokens of two
    people, or a request that was recorded and sent again for another. So it must name the very person.
    """
    return person_of(owner).hex()[:16]


@dataclass(frozen=True, kw_only=True, slots=True)
class Erasure:
    """One erasure; `owner` and `receipt` are there until and since it is complete."""

    id: UUID
    person: bytes
    owner: Principal | None
    steps_done: tuple[str, ...]
    requested_at: datetime
    completed_at: datetime | None
    receipt: Mapping[str, Any] | None


class PersonalStore(Protocol):
    """A place that holds things of people. Both methods may raise `Unavailable`."""

    @property
    def name(self) -> str:
        """What the step is called that erases it."""
        ...

    async def erase(self, owner: Principal) -> None:
        """Forget the person; nothing happens when it has nothing of them."""
        ...

    async def holds(self, owner: Principal) -> int:
        """Return how many things of the person are found, by looking."""
        ...


class PersonCache(Protocol):
    """What caches hold of a person."""

    async def forget(self, owner: Principal, /) -> None:
        """Let nothing that is cached of the person be read again, by any replica; may raise `Unavailable`."""
        ...


class KeyRing(Protocol):
    """The keys of people, as they are remembered beside the database."""

    async def forget(self, owner: Principal, /) -> None:
        """Remember the person's key no longer; may raise `Unavailable`."""
        ...


class ErasureDesk(Protocol):
    """Where a person asks; each method may raise `Unavailable`."""

    async def begin(self, owner: Principal, *, now: datetime) -> Erasure:
        """Keep out every later write of the person, audit it and order the rest; one that is there is returned."""
        ...

    async def find(self, owner: Principal) -> Erasure | None:
        """Return the person's erasure, if there is one."""
        ...


class ErasureLedger(Protocol):
    """All erasures, for those who carry them out; each method may raise `Unavailable`."""

    async def get(self, erasure_id: UUID) -> Erasure:
        """Return one, or raise `NotFound`."""
        ...

    async def unfinished(self) -> Sequence[Erasure]:
        """Return those that are not complete, oldest first."""
        ...

    async def note_step(self, erasure_id: UUID, step: str) -> None:
        """Note that a step is done."""
        ...

    async def complete(self, erasure_id: UUID, receipt: Mapping[str, Any], *, now: datetime) -> None:
        """Note that nothing is left, and forget who it was."""
        ...


async def carry_out(
    ledger: ErasureLedger, erasure_id: UUID, stores: Sequence[PersonalStore], *, now: Callable[[], datetime]
) -> None:
    """Go on with an erasure until it is complete; one that is complete is left as it is.

    Args:
        ledger: Where steps are noted.
        erasure_id: Which.
        stores: Every place that may hold something of the person, in the order of the steps.
        now: The time in UTC.

    Raises:
        NotFound: There is no such erasure.
        Unavailable: A store does not answer, or holds something still; it goes on with the next call.
    """
    erasure = await ledger.get(erasure_id)
    if erasure.owner is None:
        return
    for store in stores:
        if store.name not in erasure.steps_done:
            await store.erase(erasure.owner)
            await ledger.note_step(erasure.id, store.name)
    await _verify(erasure.owner, stores)
    verified_at = now()
    receipt = {
        "erasure": str(erasure.id),
        "requested_at": erasure.requested_at.isoformat(),
        "verified_at": verified_at.isoformat(),
        "erased_and_verified": [store.name for store in stores],
    }
    await ledger.complete(erasure.id, receipt, now=verified_at)


async def _verify(owner: Principal, stores: Sequence[PersonalStore]) -> None:
    """Look through every store; what came in after its step, which only unfenced ones allow, is erased again."""
    left: list[PersonalStore] = []
    for _ in range(ROUNDS):
        left = [store for store in stores if await store.holds(owner)]
        if not left:
            return
        for store in left:
            await store.erase(owner)
    raise Unavailable(f"something of an erased person is found again in {', '.join(store.name for store in left)}")


def is_overdue(erasure: Erasure, *, now: datetime) -> bool:
    """Whether people must look at an unfinished erasure."""
    return erasure.completed_at is None and now - erasure.requested_at >= OVERDUE
