"""What is told of an exception: its type, where it was raised, and facts that hold nothing of a person.

Never its message: a driver, a parser or a validator quotes the value that it refuses, and the value is somebody's.
"""

import traceback
from collections.abc import Iterator
from typing import Final, cast

FRAMES_MAX: Final = 30
"""Frames of one exception that are told: those nearest to where it was raised."""
CHAIN_MAX: Final = 6
"""Exceptions of one failure that are told: the one that was raised, its causes, the members of a group."""

_FACTS: Final = ("errno", "sqlstate", "status_code")
"""Attributes of exceptions that are told: codes of the system, of SQL, of HTTP."""


def type_name(error: BaseException) -> str:
    """Return the full name of an exception's type."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def told(error: BaseException) -> str:
    """Return a failure as lines: type and facts of each exception, then its frames, innermost last."""
    return "\n".join(line for one in _chain(error) for line in _lines(one))


def cause(error: BaseException) -> str:
    """Return a failure in one line: where it was raised, then types and facts of it and of what is behind it."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    place = f"{frames[-1].f_globals.get('__name__')}.{frames[-1].f_code.co_qualname}: " if frames else ""
    return place + " < ".join(map(_named, _chain(error)))


def _chain(error: BaseException) -> list[BaseException]:
    chain, waiting = list[BaseException](), [error]
    while waiting and len(chain) < CHAIN_MAX:
        one = waiting.pop(0)
        if any(one is known for known in chain):
            continue
        chain.append(one)
        cause = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
        members = cast("BaseExceptionGroup[BaseException]", one).exceptions if _is_group(one) else ()
        waiting += [*members, *([cause] if cause else [])]
    return chain


def _is_group(error: BaseException) -> bool:
    return isinstance(error, BaseExceptionGroup)


def _lines(error: BaseException) -> Iterator[str]:
    yield _named(error)
    frames = list(traceback.walk_tb(error.__traceback__))[-FRAMES_MAX:]
    for frame, line in frames:
        yield f"  {frame.f_code.co_filename}:{line} in {frame.f_code.co_qualname}"


def _named(error: BaseException) -> str:
    facts = [f"{name}={value}" for name in _FACTS if isinstance(value := getattr(error, name, None), int | str)]
    return " ".join((type_name(error), *facts))
