"""Keep many tasks at once: all of them or, when one breaks a rule, none."""

from typing import Annotated, Final

import msgspec

from app.domain.errors import Invalid
from app.domain.inbox import Stores
from app.domain.tasks import begin
from app.operations.kind import Ending, Job, Kind
from app.wire.tasks import NewTask

IMPORT_MAX: Final = 100
"""Tasks of one import: what fits the time that it has."""


class TaskImport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tasks to keep: all of them or, when one breaks a rule, none."""

    tasks: Annotated[list[NewTask], msgspec.Meta(min_length=1, max_length=IMPORT_MAX)]

    def check(self) -> None:
        """Apply the rules of the product."""
        for number, task in enumerate(self.tasks):
            try:
                task.to_content()
            except Invalid as error:
                raise Invalid(f"/tasks/{number}{error.pointer}", error.detail) from error


async def import_tasks(order: TaskImport, job: Job) -> Ending:
    """Make the tasks, and keep them at the end."""
    now = job.state["now"]()
    tasks = [begin(new.to_content(), now=now) for new in order.tasks]

    async def keep(stores: Stores) -> None:
        for number, task in enumerate(tasks):
            await job.report(100 * number // len(tasks))
            await stores.tasks.add(job.owner, task)

    return Ending(result={"tasks": len(tasks)}, keep=keep)


TASK_IMPORT: Final = Kind(
    name="tasks.import",
    summary="Keep many tasks at once: all of them or, when one breaks a rule, none.",
    takes=TaskImport,
    work=import_tasks,
    check=TaskImport.check,
    after=lambda job: job.state["tasks_changed"](job.owner),
)
