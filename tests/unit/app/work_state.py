"""What the work of operations reaches in tests: a clock, and nothing that would be a service."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from app.domain.errors import Unavailable
from app.domain.export import ExportReceipt
from app.domain.models import Principal
from app.operations.kind import WorkState


def work_state(now: Callable[[], datetime]) -> WorkState:
    """Make it."""
    return WorkState(export=no_export, now=now, tasks_changed=nobody_told)


async def no_export(owner: Principal, progress: Callable[[int], Awaitable[None]]) -> ExportReceipt:
    """Refuse: there is nowhere to put one."""
    raise Unavailable(f"no place for an export of {owner.subject} ({progress})")


async def nobody_told(owner: Principal) -> None:
    """Tell nobody."""
