"""What a request can reach."""

from collections.abc import Callable
from datetime import datetime
from typing import NotRequired, TypedDict

from app.domain.ports import TaskStore, TokenVerifier
from app.telemetry.spans import Tracer
from app.web.checks import Check


class Checked(TypedDict):
    """The lifespan state of every role: built by `app.wiring`, by hand in tests."""

    checks: tuple[Check, ...]
    """What readiness derives from: one check per thing that the wiring opened."""
    tracer: NotRequired[Tracer]
    """Which requests have spans; none do without it."""


class State(Checked):
    """The lifespan state of roles that serve people."""

    now: Callable[[], datetime]
    """The time in UTC."""
    tasks: TaskStore
    tokens: TokenVerifier
