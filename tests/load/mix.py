"""The mix of requests that the plan's load test sends (section 4.4)."""

import itertools
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

RANGE: Final = "from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of request, and its share of the mix in percent."""

    name: str
    method: str
    path: str
    share: int
    body: bytes = b""


MIX: Final = (
    Kind(name="calendar", method="GET", path=f"/api/v1/calendar/events?{RANGE}", share=30),
    Kind(name="tasks", method="GET", path="/api/v1/tasks", share=25),
    Kind(
        name="chat",
        method="POST",
        path="/api/v1/chat/message",
        share=20,
        body=json.dumps({"message": "Test message"}).encode(),
    ),
    Kind(name="profile", method="GET", path="/api/v1/users/profile", share=15),
    Kind(name="health", method="GET", path="/health", share=10),
)


@dataclass(frozen=True)
class Request:
    """A request as it goes over the wire."""

    kind: str
    wire: bytes


def requests_of(
    tokens: Sequence[str], *, kinds: Sequence[Kind] = MIX, fields: Mapping[str, str] | None = None
) -> Iterator[Request]:
    """Yield requests for ever: kinds by their shares, people in turn, the same each time.

    Each is rendered once per person, so that making it costs the client next to nothing.

    Args:
        tokens: One per person.
        kinds: What is asked.
        fields: Header fields of every request; `Host` is a made-up one without.
    """
    chance = random.Random(0)  # noqa: S311 - a repeatable mix, not a secret
    common = {"Host": "load.test", **(fields or {})}
    rendered = [
        {kind.name: render(kind, {**common, "Authorization": f"Bearer {token}"}) for kind in kinds} for token in tokens
    ]
    shares = [kind.share for kind in kinds]
    for person in itertools.cycle(rendered):
        [kind] = chance.choices(kinds, shares)
        yield person[kind.name]


def render(kind: Kind, fields: Mapping[str, str]) -> Request:
    """Write a request of HTTP/1.1 on a connection that stays open."""
    lines = [f"{kind.method} {kind.path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    if kind.body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(kind.body)}"]
    return Request(kind.name, "\r\n".join([*lines, "", ""]).encode() + kind.body)
