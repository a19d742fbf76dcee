"""The cache: answers about one person's things, in the process and then in Redis, each made once at a time.

How old an answer can be, at most:
- after a write through this replica: not at all; also while Redis is down, when the write stays owed to it;
- after a write through another replica: what a message takes, else `DEAF_S`: an answer in the process counts longer
  only while the subscription has proved within `DEAF_S` that it hears. A write that Redis could not be told of counts
  for the others' Redis when it is back and has been told, within `BEAT_S` of its return;
- after a write that told nobody, as its replica died in between: `KEPT_S` here plus `LIFE_S` in Redis.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, Protocol

from app.cache.answer import LIFE_S, Answer, Found
from app.cache.budgets import PATIENCE_S
from app.cache.keys import Kind, Namespace
from app.cache.near import FRESH_S, KEPT_S, Near, Shelf
from app.domain.errors import Unavailable
from app.domain.models import Principal
from app.telemetry.counters import CACHE_READS, Counter

DEAF_S: Final = 1.0
"""How long answers in the process count without proof that writes of other replicas would be heard of."""
OWED_MAX: Final = 10_000
"""Namespaces that Redis could not be told of; beyond it, nothing in Redis is believed until all of it has ended."""

Load = Callable[[], Awaitable[Answer]]


class SharedAnswers(Protocol):
    """The half of the cache that replicas share; `app.cache.shared.Shared` is the one on Redis."""

    async def find(self, namespace: Namespace, question: str) -> Found | None:
        """Look an answer up; None when nothing can be looked up or kept."""
        ...

    async def keep(self, namespace: Namespace, question: str, answer: Answer, *, version: bytes) -> None:
        """Keep an answer, unless there has been a write since the version was found."""
        ...

    async def renew(self, namespaces: list[Namespace], *, budget_s: float = ...) -> None:
        """Make all answers old, everywhere, or raise `Unavailable`."""
        ...


class AnswerCache:
    """Finds answers in the process, then in Redis, then asks the source, at most once at a time for each question.

    Args:
        shared: The half that replicas share.
        clock: Monotonic seconds.
        reads: Where reads are counted.
    """

    def __init__(
        self, shared: SharedAnswers, clock: Callable[[], float] = time.monotonic, *, reads: Counter = CACHE_READS
    ) -> None:
        self._shared = shared
        self._clock = clock
        self._near = Near(clock)
        self._heard_at = float("-inf")
        self._owed: dict[str, Namespace] = {}
        self._believe_at = float("-inf")
        self._reads = reads
        self._running: set[asyncio.Task[Any]] = set()

    @property
    def hears(self) -> bool:
        """Whether a write of another replica would be heard of."""
        return self._clock() - self._heard_at < DEAF_S

    async def get(self, namespace: Namespace, question: str, load: Load) -> Answer:
        """Return the answer; what `load` raises goes to all who wait for it, and is not kept."""
        shelf, now = self._near.shelf(namespace), self._clock()
        if kept := shelf.answers.get(question):
            age = now - kept.at
            if age < DEAF_S or (self.hears and age < FRESH_S):
                self._reads.add("near")
                return kept.answer
            if self.hears and age < KEPT_S:
                self._reads.add("stale")
                self._fly(namespace, shelf, question, load, behind=True)
                return kept.answer
            self._near.remove(shelf, question)
        if question in shelf.flights:
            self._reads.add("joined")
        # Shielded: who goes away must not take the answer from the others.
        return await asyncio.shield(self._fly(namespace, shelf, question, load))

    async def changed(self, person: Principal, kind: Kind) -> None:
        """Make all answers about a kind of a person's things old; to be awaited before the write is confirmed."""
        namespace = Namespace(person, kind)
        self._near.drop(namespace.key)
        try:
            await self._shared.renew([namespace])
        except Unavailable:
            self._owe(namespace)
        finally:
            self._near.drop(namespace.key)  # what was read of Redis in the meantime

    async def forget(self, person: Principal) -> None:
        """Take away all answers about a person, everywhere.

        Raises:
            Unavailable: Redis has not confirmed it; what is there ends by itself after `LIFE_S`.
        """
        namespaces = [Namespace(person, kind) for kind in Kind]
        for namespace in namespaces:
            self._near.drop(namespace.key)
            self._owe(namespace)
        await self._shared.renew(namespaces, budget_s=PATIENCE_S)
        for namespace in namespaces:
            self._near.drop(namespace.key)
            self._owed.pop(namespace.key, None)

    def is_old(self, key: str) -> None:
        """Heed the word of another replica: the answers of the namespace with this key are old."""
        self._near.drop(key)

    def heard(self, at: float) -> None:
        """Note that every word up to this moment has been heard, in monotonic seconds."""
        self._heard_at = at

    def start_over(self) -> None:
        """Forget what is in the process: words may have been missed."""
        self._near.clear()

    async def pay(self) -> None:
        """Tell Redis of writes that it could not be told of, or raise `Unavailable`."""
        while owed := dict(list(self._owed.items())[:100]):
            await self._shared.renew(list(owed.values()), budget_s=PATIENCE_S)
            for key in owed:
                self._owed.pop(key, None)

    async def close(self) -> None:
        """Give up what is being fetched."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _owe(self, namespace: Namespace) -> None:
        if len(self._owed) >= OWED_MAX:
            self._believe_at = self._clock() + LIFE_S
        else:
            self._owed[namespace.key] = namespace

    def _fly(
        self, namespace: Namespace, shelf: Shelf, question: str, load: Load, *, behind: bool = False
    ) -> asyncio.Task[Answer]:
        """Fetch an answer, if it is not on its way; `behind` an old one that is served, nobody waits for it."""
        if flight := shelf.flights.get(question):
            return flight
        fetch: Coroutine[Any, Any, Answer] = self._fetch(namespace, shelf, question, load, behind=behind)
        flight = shelf.flights[question] = asyncio.create_task(fetch)
        self._running.add(flight)

        def landed(flight: asyncio.Task[Answer]) -> None:
            self._running.discard(flight)
            shelf.flights.pop(question, None)
            if not flight.cancelled():
                flight.exception()  # perhaps nobody waits any more

        flight.add_done_callback(landed)
        return flight

    async def _fetch(self, namespace: Namespace, shelf: Shelf, question: str, load: Load, *, behind: bool) -> Answer:
        found: Found | None = None
        if namespace.key not in self._owed and self._clock() >= self._believe_at:
            found = await self._shared.find(namespace, question)
        if found and found.answer:
            self._reads.add("renewed" if behind else "shared")
            self._near.put(namespace, shelf, question, found.answer)
            return found.answer
        self._reads.add("renewed" if behind else "miss" if found else "unshared")
        answer = await load()
        if self._near.put(namespace, shelf, question, answer) and found:
            await self._shared.keep(namespace, question, answer, version=found.version)
        return answer
