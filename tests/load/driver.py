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
from typing import Final, cast
from urllib.parse import urlsplit

from tests.load.mix import Request

ANSWER_S: Final = 30.0
"""Bound on one answer; a request without one has failed."""
AGAIN_S: Final = 0.1
"""After so long a server that has refused a connection is asked again."""
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost"})
ADDRESSES: Final = 250
"""Addresses per network of 127.0.x: on this machine each user connects from one of their own, as limits count by it."""


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
        address, loop = urlsplit(self.url), asyncio.get_running_loop()
        host, port = address.hostname or "", address.port or 0
        local = (f"127.0.{1 + number // ADDRESSES}.{1 + number % ADDRESSES}", 0) if host in LOOPBACK else None
        await asyncio.sleep(self.load.think * chance.random())  # people do not begin all at once
        while time.perf_counter() < self.until:
            try:
                async with asyncio.timeout(ANSWER_S):
                    _, conversation = await loop.create_connection(
                        lambda: _Conversation(self, chance),
                        *(host, port),
                        ssl=self.trust,
                        local_addr=local,
                    )
            except (OSError, TimeoutError) as error:
                self.outcome.failures[repr(error)] += 1
                await asyncio.sleep(AGAIN_S)
                continue
            await conversation.over


class _Conversation(asyncio.Protocol):
    """Asks over one connection until the time is over or the server closes it.

    A protocol and no streams: what an answer costs here is a third of it, and the client is not what is measured.
    """

    def __init__(self, user: _User, chance: random.Random) -> None:
        self._user = user
        self._chance = chance
        self._loop = asyncio.get_running_loop()
        self.over: asyncio.Future[None] = self._loop.create_future()
        self._answer = b""
        self._asked = ""
        self._began = 0.0
        self._later: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class
        self._watch = self._loop.call_later(ANSWER_S, self._look)
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        try:
            answer = _read(self._answer)
        except ValueError as error:
            self._end(repr(error))
            return
        if answer is None:
            return
        status, stays_open = answer
        outcome, now = self._user.outcome, time.perf_counter()
        outcome.latencies.setdefault(self._asked, []).append(now - self._began)
        outcome.statuses[status] += 1
        self._answer, self._asked = b"", ""
        if not stays_open or now >= self._user.until:
            self._end()
        elif think := self._user.load.think:
            self._later = self._loop.call_later(think * (0.5 + self._chance.random()), self._ask)
        else:
            self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(repr(exc) if exc else "the connection was closed before the answer")

    def _ask(self) -> None:
        if time.perf_counter() >= self._user.until:
            self._end()
            return
        request = next(self._user.requests)
        self._asked, self._began = request.kind, time.perf_counter()
        self._transport.write(request.wire)

    def _look(self) -> None:
        """Give up an answer that does not come; one watch for all of a connection's requests."""
        if self._asked and time.perf_counter() - self._began > ANSWER_S:
            self._end("no answer in time")
        else:
            self._watch = self._loop.call_later(ANSWER_S / 2, self._look)

    def _end(self, reason: str = "") -> None:
        """Close; what was asked and not answered has failed for this reason."""
        if self.over.done():
            return
        if self._asked:
            self._user.outcome.failures[reason] += 1
        self._watch.cancel()
        if self._later:
            self._later.cancel()
        self._transport.close()
        self.over.set_result(None)


def _read(answer: bytes) -> tuple[int, bool] | None:
    """Read an answer; gives its status and whether the connection stays open, or None while it is not whole."""
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return None
    head, body = answer[: end + 2].lower(), len(answer) - end - 4
    if (at := head.find(b"content-length: ")) >= 0:
        whole = body >= int(head[at + 16 : head.index(b"\r\n", at)])
    else:
        whole = b"transfer-encoding: chunked" not in head or answer.endswith(b"\r\n0\r\n\r\n")
    return (int(head[9:12]), b"connection: close" not in head) if whole else None
