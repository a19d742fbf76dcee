"""What a request can reach."""

from collections.abc import Callable
from datetime import datetime
from typing import NotRequired, TypedDict

from app.cache.answers import AnswerCache
from app.domain.audit import AuditTrail
from app.domain.audit_history import AuditHistory
from app.domain.chat import Chat
from app.domain.events import EventStore
from app.domain.leaving import Leaving
from app.domain.operations import OperationStore
from app.domain.ports import TaskStore, TokenVerifier
from app.domain.privacy import Privacy
from app.domain.profiles import ProfileStore
from app.limits.limiter import Limiter
from app.telegram.webhook import TelegramWebhook
from app.telemetry.spans import Tracer
from app.web.checks import Check


class Checked(TypedDict):
    """The lifespan state of every role: built by `app.wiring.ground`, by hand in tests."""

    checks: tuple[Check, ...]
    """What readiness derives from: one check per thing that the wiring opened."""
    tracer: NotRequired[Tracer]
    """Which requests have spans; none do without it."""


class State(Checked):
    """The lifespan state of roles that serve people."""

    cache: AnswerCache
    events: EventStore
    leaving: Leaving
    limiter: Limiter
    now: Callable[[], datetime]
    """The time in UTC."""
    profiles: ProfileStore
    tasks: TaskStore
    tokens: TokenVerifier


class ApiState(State):
    """The lifespan state of the API, beside what the tool server has too."""

    audit: AuditTrail
    audit_history: AuditHistory
    chat: Chat
    operations: OperationStore
    privacy: Privacy
    telegram: TelegramWebhook
