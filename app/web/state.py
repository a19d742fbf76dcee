"""What a request can reach."""

from collections.abc import Callable
from datetime import datetime
from typing import TypedDict

from app.domain.ports import TaskStore, TokenVerifier
from app.domain.privacy import Privacy
from app.web.checks import Check


class Checked(TypedDict):
    """The lifespan state of every role: built by `app.wiring`, by hand in tests."""

    checks: tuple[Check, ...]
    """What readiness derives from: one check per thing that the wiring opened."""


class State(Checked):
    """The lifespan state of roles that serve people."""

    now: Callable[[], datetime]
    """The time in UTC."""
    tasks: TaskStore
    tokens: TokenVerifier


class ApiState(State):
    """The lifespan state of the API, beside what the tool server has too."""

    privacy: Privacy
