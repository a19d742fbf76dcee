"""Spans, and which requests have them.

A request is sampled or not when it begins (W3C Trace Context): as its caller decided or, without one, by its trace id
(`app.telemetry.sampling`). What is not sampled makes no span and costs next to nothing, but a request that
turns out slow makes one in the end.
"""

import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from app.telemetry.failures import told, type_name
from app.telemetry.sampling import Sampler

SLOW_MS: Final = 1000
"""A request is slow when it is not answered within so many milliseconds."""

Value = str | int | float | bool
Kind = Literal["server", "client", "consumer"]

_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
_SAMPLED: Final = 1
_NS_PER_MS: Final = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Something that was done, from its start to its end; ids are in small hexadecimal digits, as in the header."""

    name: str
    kind: Kind
    trace_id: str
    span_id: str
    parent_id: str
    """Empty for the first of a trace."""
    start_ns: int
    """Nanoseconds since 1970."""
    end_ns: int
    attributes: Mapping[str, Value]
    failed: bool = False
    failure: tuple[str, str] | None = None
    """The type of the exception that ended it, and what is told of it."""
    share: float = 100.0
    """How many of a hundred such spans are exported: one stands for 100 / share."""


Sink = Callable[[Span], None]
"""Takes a span, at once and without fail."""


class Trace:
    """A request or a message on its way through this process.

    Args:
        trace_id: Of the caller, or a new one.
        parent_id: The caller's span, or nothing.
        sampled: Whether spans are made.
        sink: Where they go.
        share: How many of a hundred traces like this one are exported: all that were not left to chance here.
    """

    __slots__ = ("_share", "_sink", "_span_id", "parent_id", "sampled", "trace_id")

    def __init__(self, trace_id: str, parent_id: str, *, sampled: bool, sink: Sink, share: float = 100.0) -> None:
        self.trace_id = trace_id
        self.parent_id = parent_id
        self.sampled = sampled
        self._sink = sink
        self._share = share
        self._span_id = ""

    @property
    def span_id(self) -> str:
        """The id of its own span, which its children name."""
        if not self._span_id:
            self._span_id = _new_span_id()
        return self._span_id

    @property
    def traceparent(self) -> str:
        """The header that continues it elsewhere."""
        return f"00-{self.trace_id}-{self.span_id}-{self.sampled:02x}"

    def end(
        self,
        name: str,
        kind: Kind,
        milliseconds: float,
        attributes: Mapping[str, Value],
        *,
        failed: bool = False,
        failure: BaseException | None = None,
    ) -> None:
        """Make its own span, which ends now."""
        end = time.time_ns()
        span = Span(
            name=name,
            kind=kind,
            trace_id=self.trace_id,
            span_id=self.span_id,
            parent_id=self.parent_id,
            start_ns=end - int(milliseconds * _NS_PER_MS),
            end_ns=end,
            attributes=attributes,
            failed=failed,
            failure=(type_name(failure), told(failure)) if failure else None,
            share=self._share,
        )
        self._sink(span)

    def end_call(self, name: str, start_ns: int, attributes: Mapping[str, Value], *, failed: bool) -> None:
        """Make the span of a call that was made for it, which ends now."""
        span = Span(
            name=name,
            kind="client",
            trace_id=self.trace_id,
            span_id=_new_span_id(),
            parent_id=self.span_id,
            start_ns=start_ns,
            end_ns=time.time_ns(),
            attributes=attributes,
            failed=failed,
            share=self._share,
        )
        self._sink(span)


class Tracer:
    """Decides what is sampled.

    Args:
        percent: The share of traces that begin here and are sampled while there are not too many, 0 to 100.
        sink: Takes spans.
    """

    def __init__(self, *, percent: int, sink: Sink) -> None:
        self._sink = sink
        self._sampler = Sampler(percent)

    def begin(self, traceparent: str) -> Trace:
        """Continue the trace of a `traceparent` header; what is none begins a new one."""
        if traceparent and (match := _TRACEPARENT.fullmatch(traceparent)):
            return Trace(match[1], match[2], sampled=bool(int(match[3], 16) & _SAMPLED), sink=self._sink)
        bits = random.getrandbits(128) or 1
        share = self._sampler.share(bits)
        return Trace(f"{bits:032x}", "", sampled=share > 0, sink=self._sink, share=share or 100.0)


def trace_id_of(traceparent: str) -> str:
    """Return the id of the trace that a `traceparent` names; empty if it names none."""
    match = _TRACEPARENT.fullmatch(traceparent)
    return match[1] if match else ""


def _forget(_span: Span) -> None:
    """Take a span that goes nowhere."""


SILENT: Final = Tracer(percent=0, sink=_forget)
"""Gives ids and makes no spans: where nobody has opened telemetry."""


def _new_span_id() -> str:
    return f"{random.getrandbits(64) or 1:016x}"
