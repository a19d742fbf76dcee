"""Work that outlives a request."""

from collections.abc import Sequence
from datetime import datetime

from app.domain.models import Principal, TaskContent
from app.domain.ports import TaskStore
from app.domain.tasks import begin


async def import_tasks(tasks: TaskStore, owner: Principal, contents: Sequence[TaskContent], *, now: datetime) -> None:
    """Keep a new task for each content."""
    for content in contents:
        await tasks.add(owner, begin(content, now=now))
