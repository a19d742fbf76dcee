"""A load of HTTP requests from one process, with the standard library alone.

Closed loop: each connection waits for its answer before it asks again, at once (`think` 0) or as a person would.
"""

import asyncio
import random
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from tests.load.mix import Request

ANSWER_S: Final = 30.0
"""Bound on one answer; a request without one has failed."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """How much is asked.

    Args:
        users: Connections at a time.
        seconds: How long they ask; what is under way then is waited for.
        think: Seconds between an answer and the next request, half as much up or down by chance.
    """

    users: int
    seconds: float
    think: float = 0.0


@dataclass
class Outcome:
    """What came of a load."""

    seconds: float = 0.0
    latencies: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    """Seconds of each answered request, by its kind."""
    statuses: Counter[int] = field(default_factory=Counter[int])
    failures: Counter[str] = field(default_factory=Counter[str])
    """Requests without an answer, by reason."""

    @property
    def count(self) -> int:
        """Requests with an answer."""
        return sum(self.statuses.values())

    @property
    def errors(self) -> int:
        """Requests without an answer, or with one that is no success."""
        bad = sum(count for status, count in self.statuses.items() if not 200 <= status < 300)
        return bad + sum(self.failures.values())

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return self.count / self.seconds

    def mean(self) -> float:
        """Return the mean seconds of an answer."""
        every = self._sorted()
        return sum(every) / len(every) if every else 0.0

    def percentile(self, share: float, kind: str = "") -> float:
        """Return the seconds within which this share (0 to 1) of the answers came, of one kind or of all."""
        every = sorted(self.latencies.get(kind, ())) if kind else self._sorted()
        return every[min(len(every) - 1, int(len(every) * share))] if every else 0.0

    def _sorted(self) -> list[float]:
        return sorted(second for of_kind in self.latencies.values() for second in of_kind)


async def drive(url: str, requests: Iterator[Request], load: Load, *, trust: ssl.SSLContext | None = None) -> Outcome:
    """Send requests to `url` (scheme, host and port) and return what came of them.

    Args:
        url: The address; `https` asks for `trust`.
        requests: Without end.
        load: How much.
        trust: The authorities of an https address.
    """
    outcome = Outcome()
    began = time.perf_counter()
    async with asyncio.TaskGroup() as users:
        for number in range(load.users):
            users.create_task(_User(url, requests, load, outcome, began + load.seconds, trust).run(number))
    outcome.seconds = time.perf_counter() - began
    return outcome


@dataclass(frozen=True)
class _User:
    """One connection at a time, until the time is over."""

    url: str
    requests: Iterator[Request]
    load: Load
    outcome: Outcome
    until: float
    trust: ssl.SSLContext | None

    async def run(self, number: int) -> None:
        """Ask, and connect again whenever the server has closed the connection."""
        chance = random.Random(number)  # noqa: S311 - a repeatable pace, not a secret
        address = urlsplit(self.url)
        await asyncio.sleep(self.load.think * chance.random())  # people do not begin all at once
        while time.perf_counter() < self.until:
            try:
                async with asyncio.timeout(ANSWER_S):
                    reader, writer = await asyncio.open_connection(address.hostname, address.port, ssl=self.trust)
            except (OSError, TimeoutError) as error:
                self.outcome.failures[repr(error)] += 1
                await asyncio.sleep(0.1)  # a server that refuses is not asked in a busy loop
                continue
            try:
                await self._ask(reader, writer, chance)
            except (OSError, TimeoutError, EOFError, ValueError) as error:
                self.outcome.failures[repr(error)] += 1
            finally:
                writer.close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, chance: random.Random) -> None:
        """Ask over one connection until the time is over or the server closes it."""
        open_, think = True, self.load.think
        while open_ and time.perf_counter() < self.until:
            request = next(self.requests)
            began = time.perf_counter()
            writer.write(request.wire)
            async with asyncio.timeout(ANSWER_S):
                status, open_ = await _answer(reader)
            self.outcome.latencies.setdefault(request.kind, []).append(time.perf_counter() - began)
            self.outcome.statuses[status] += 1
            if think:
                await asyncio.sleep(think * (0.5 + chance.random()))


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """Read one answer; gives its status, and whether the connection stays open."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head[9:12])
    if b"transfer-encoding: chunked" in head:
        while size := int(await reader.readuntil(b"\r\n"), 16):
            await reader.readexactly(size + 2)
        await reader.readexactly(2)
    elif (at := head.find(b"content-length: ")) >= 0:
        await reader.readexactly(int(head[at + 16 : head.index(b"\r\n", at)]))
    return status, b"connection: close" not in head
