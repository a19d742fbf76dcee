"""What a request can reach."""

from collections.abc import Callable
from datetime import datetime
from typing import TypedDict

from app.domain.operations import OperationStore
from app.domain.ports import TaskStore, TokenVerifier
from app.web.checks import Check


class Checked(TypedDict):
    """The lifespan state of every role: built by `app.wiring`, by hand in tests."""

    checks: tuple[Check, ...]
    """What readiness derives from: one check per thing that the wiring opened."""


class State(Checked):
    """The lifespan state of roles that serve people."""

    now: Callable[[], datetime]
    """The time in UTC."""
    operations: OperationStore
    tasks: TaskStore
    tokens: TokenVerifier
