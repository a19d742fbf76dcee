"""A kind of long operation: what it takes, and the work that a worker does."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Generic, TypedDict, TypeVar
from uuid import UUID

import msgspec

from app.domain.errors import Invalid, Unavailable
from app.domain.export import ExportReceipt
from app.domain.inbox import Keep, keep_nothing
from app.domain.models import Principal
from app.domain.operations import OperationWork
from app.wire.documents import fit

WITHIN_S: Final = 20.0
"""Bound on the work of a kind that names none."""

_log = logging.getLogger(__name__)

_Takes = TypeVar("_Takes", bound=msgspec.Struct)


class WorkState(TypedDict):
    """What the work of operations can reach: built by `app.worker`, by hand in tests."""

    export: Callable[[Principal, Callable[[int], Awaitable[None]]], Awaitable[ExportReceipt]]
    """Makes an export of everything that is kept of a person, and tells how far it is."""
    now: Callable[[], datetime]
    """The time in UTC."""
    tasks_changed: Callable[[Principal], Awaitable[None]]
    """Makes what the cache holds of a person's tasks old."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One run of an operation's work; it may not be the first, and another may run beside it.

    Args:
        id: The operation.
        owner: Whose it is.
        state: What the work can reach.
        progress: Where it is told how far the work is.
    """

    id: UUID
    owner: Principal
    state: WorkState
    progress: OperationWork

    async def report(self, percent: int) -> None:
        """Tell how far the work is, at once; the work goes on if that cannot be told."""
        try:
            await self.progress.report(self.owner, self.id, percent, now=self.state["now"]())
        except Unavailable as error:
            _log.warning("progress is not told", extra={"operation": str(self.id), "error": str(error)})


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How a work ends.

    Args:
        result: What its person is told, as a JSON object.
        keep: Keeps what came of it, in one transaction with the note that it is done.
    """

    result: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    keep: Keep = keep_nothing


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind(Generic[_Takes]):
    """A kind of long operation.

    Args:
        name: How it is asked for; also the subject of its messages.
        summary: What people read about it.
        takes: The type of its input.
        work: What it does. What it changes itself must bear being done twice; what its `Ending` keeps counts once.
        check: Raises `Invalid` for an input that breaks a rule of the product, before the operation is accepted.
        within_s: Bound on one run, in seconds; it may be longer than the lock of a message.
        after: What is done once the ending has been kept.
    """

    name: str
    summary: str
    takes: type[_Takes]
    work: Callable[[_Takes, Job], Awaitable[Ending]]
    check: Callable[[_Takes], object] = field(default=lambda _: None)
    within_s: float = WITHIN_S
    after: Callable[[Job], Awaitable[None]] | None = None

    def request(self, document: object) -> str:
        """Return an input as it is kept, or raise `Invalid`."""
        given = fit(document, self.takes)
        self.check(given)
        return msgspec.json.encode(given, order="sorted").decode()

    async def run(self, request: str, job: Job) -> Ending:
        """Do the work of an input as it was kept. Raises what the work raises."""
        try:
            given = fit(msgspec.json.decode(request), self.takes)
        except Invalid as error:
            raise Invalid("", f"kept by a release that this one does not understand: {error}") from error
        return await self.work(given, job)
