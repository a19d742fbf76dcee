"""Answers in the process: a shelf per namespace.

What fills a shelf keeps hold of it, and a write takes the whole shelf away. So an answer that was asked for before a
write lands on a shelf that nobody looks at any more, and nobody after the write waits for it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from app.cache.answer import Answer
from app.cache.keys import Namespace

BYTES_MAX: Final = 32 * 1024 * 1024
"""Of all answers together."""
SHELVES_MAX: Final = 20_000
ON_SHELF_MAX: Final = 64
"""Answers of one namespace: who asks for ever other things has the oldest forgotten."""
FRESH_S: Final = 20.0
"""Age up to which an answer is served as it is."""
KEPT_S: Final = 30.0
"""Age up to which it is served while a new one is fetched; the longest that an unheard-of write can stay unseen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """An answer and when it was put here, in monotonic seconds."""

    answer: Answer
    at: float


@dataclass(eq=False, slots=True)
class Shelf:
    """The answers of one namespace, and those on their way."""

    answers: OrderedDict[str, Kept] = field(default_factory=OrderedDict[str, Kept])
    flights: dict[str, asyncio.Task[Answer]] = field(default_factory=dict[str, asyncio.Task[Answer]])
    size: int = 0


class Near:
    """Shelves, the least recently used of which go first when there is too much.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._shelves: OrderedDict[str, Shelf] = OrderedDict()
        self.size = 0
        """Bytes of all answers."""

    def __len__(self) -> int:
        return len(self._shelves)

    def shelf(self, namespace: Namespace) -> Shelf:
        """Return the shelf of a namespace, an empty one if there is none."""
        if shelf := self._shelves.get(namespace.key):
            self._shelves.move_to_end(namespace.key)
            return shelf
        shelf = self._shelves[namespace.key] = Shelf()
        self._make_room()
        return shelf

    def put(self, namespace: Namespace, shelf: Shelf, question: str, answer: Answer) -> bool:
        """Keep an answer, unless its shelf has been taken away since; gives whether it is kept."""
        if self._shelves.get(namespace.key) is not shelf:
            return False
        self.remove(shelf, question)
        shelf.answers[question] = Kept(answer=answer, at=self._clock())
        shelf.size += answer.size
        self.size += answer.size
        if len(shelf.answers) > ON_SHELF_MAX:
            self.remove(shelf, next(iter(shelf.answers)))
        self._make_room()
        return True

    def remove(self, shelf: Shelf, question: str) -> None:
        """Forget one answer of a shelf that is in use."""
        if kept := shelf.answers.pop(question, None):
            shelf.size -= kept.answer.size
            self.size -= kept.answer.size

    def drop(self, key: str) -> None:
        """Take the shelf of the namespace with this key away."""
        if shelf := self._shelves.pop(key, None):
            self.size -= shelf.size

    def clear(self) -> None:
        """Take all shelves away."""
        self._shelves.clear()
        self.size = 0

    def _make_room(self) -> None:
        while len(self._shelves) > 1 and (len(self._shelves) > SHELVES_MAX or self.size > BYTES_MAX):
            _, oldest = self._shelves.popitem(last=False)
            self.size -= oldest.size
