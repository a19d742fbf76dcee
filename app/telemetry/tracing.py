"""The trace that the code at hand works for: what it calls is told with it, and what it sends goes on with it."""

import time
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from types import TracebackType
from typing import Final, Self

from app.domain.errors import ProductError, Unavailable
from app.telemetry.spans import SILENT, Trace, Tracer, Value

_trace: ContextVar[Trace | None] = ContextVar("trace", default=None)
_tracer: ContextVar[Tracer] = ContextVar("tracer", default=SILENT)
_NOTHING: Final = nullcontext()


def use(tracer: Tracer) -> None:
    """Let `continued` use this tracer, here and in tasks that are started from here."""
    _tracer.set(tracer)


class current:  # noqa: N801 - used as a function is
    """Lets a trace be the one that `traced` and `current_traceparent` speak of, inside a `with`."""

    __slots__ = ("_token", "_trace")

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def __enter__(self) -> None:
        self._token = _trace.set(self._trace)

    def __exit__(self, *_raised: object) -> None:
        _trace.reset(self._token)


def current_traceparent() -> str:
    """Return the `traceparent` that goes along with a message or a call; empty outside of a request or message."""
    trace = _trace.get()
    return trace.traceparent if trace else ""


@contextmanager
def continued(traceparent: str, name: str = "message", **attributes: Value) -> Generator[Trace]:
    """Work a message in the trace of whoever sent it; an empty or unknown `traceparent` begins a trace, as of a chore.

    Args:
        traceparent: What came with the message.
        name: Of the span: the kind of the message, the chore.
        attributes: Of the span; see `traced`.
    """
    trace, started = _tracer.get().begin(traceparent), time.monotonic()
    failure: BaseException | None = None
    try:
        with current(trace):
            yield trace
    except BaseException as error:
        failure = error
        raise
    finally:
        if trace.sampled:
            milliseconds = (time.monotonic() - started) * 1000
            trace.end(name, "consumer", milliseconds, attributes, failed=failure is not None, failure=failure)


def traced(name: str, **attributes: Value) -> AbstractContextManager[object]:
    """Make a span of what is done inside, if the request is sampled; else it costs the look at one variable.

    Args:
        name: What is called: never with anything in it that a caller wrote.
        attributes: By the names of OpenTelemetry, as in `traced("database", **{"db.system.name": "postgresql"})`.
    """
    trace = _trace.get()
    if trace is None or not trace.sampled:
        return _NOTHING
    return _Call(trace, name, attributes)


class _Call:
    """A call that a request makes. Calls inside it are children of the request too, so nothing has to be put back."""

    def __init__(self, trace: Trace, name: str, attributes: Mapping[str, Value]) -> None:
        self._trace = trace
        self._name = name
        self._attributes = attributes
        self._start_ns = 0

    def __enter__(self) -> Self:
        self._start_ns = time.time_ns()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        # What the product says on purpose, such as "not found", is no failure of the call.
        expected = error is None or (isinstance(error, ProductError) and not isinstance(error, Unavailable))
        self._trace.end_call(self._name, self._start_ns, self._attributes, failed=not expected)
