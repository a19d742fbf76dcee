"""Messages that start the work of operations, and those of releases whose messages held the work themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec

from app.domain.errors import Erased, ProductError
from app.domain.inbox import Keep, Stores, keep_nothing
from app.domain.operations import OperationWork
from app.domain.tasks import begin
from app.operations.kind import Job, Kind, WorkState
from app.operations.task_import import IMPORT_MAX, TASK_IMPORT
from app.queue.orders import Order, Reader
from app.web.problems import reason
from app.wire.documents import fit
from app.wire.operations import OperationReference, OwnerDocument
from app.wire.tasks import NewTask

GIVEN_UP: Final = "the service failed each time that it tried; it may still be done once the cause is mended"
"""What a person is told of an operation whose message is a dead letter."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OperationOrders:
    """Makes orders of references to operations.

    Args:
        operations: What is told of them while they are worked on.
        state: What their work can reach.
    """

    operations: OperationWork
    state: WorkState

    def readers(self, kinds: Mapping[str, Kind[Any]]) -> dict[str, Reader]:
        """Return a reader for each kind."""
        own = {name: self._reader(kind) for name, kind in kinds.items()}
        return {**own, **{name: former(own[name], self.state) for name in own if name == TASK_IMPORT.name}}

    def _reader(self, kind: Kind[Any]) -> Reader:
        def read(document: object) -> Order:
            reference = fit(document, OperationReference)
            job = Job(
                id=reference.operation, owner=reference.owner.to_principal(), state=self.state, progress=self.operations
            )
            after = kind.after
            return Order(
                work=lambda attempt: self._work(kind, job, attempt),
                refused=lambda error: self._refused(reference, error),
                within_s=kind.within_s,
                after=after and (lambda: after(job)),
                given_up=lambda: self.operations.give_up(job.owner, job.id, GIVEN_UP, now=self.state["now"]()),
            )

        return read

    async def _work(self, kind: Kind[Any], job: Job, attempt: int) -> Keep:
        owner, operation_id, now = job.owner, job.id, self.state["now"]
        request = await self.operations.begin(owner, operation_id, attempt=attempt, now=now())
        if request is None:
            return keep_nothing
        ending = await kind.run(request, job)

        async def keep(stores: Stores) -> None:
            await ending.keep(stores)
            # Last, so that progress can be told until then: from here on the row is this transaction's.
            await stores.operations.done(owner, operation_id, ending.result, now=now())

        return keep

    def _refused(self, reference: OperationReference, error: ProductError) -> Keep:
        if isinstance(error, Erased):
            return keep_nothing  # the operation is gone, or going
        owner, operation_id, now = reference.owner.to_principal(), reference.operation, self.state["now"]()
        return lambda stores: stores.operations.failed(owner, operation_id, reason(error), now=now)


class FormerTaskImport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `tasks.import` before there were operations: the tasks themselves."""

    owner: OwnerDocument
    tasks: Annotated[list[NewTask], msgspec.Meta(min_length=1, max_length=IMPORT_MAX)]


_REFERS: Final = "operation"


def former(read: Reader, state: WorkState) -> Reader:
    """Make a reader of `tasks.import` that also reads the form of earlier releases."""

    def read_either(document: object) -> Order:
        if isinstance(document, dict) and _REFERS in document:
            return read(document)  # pyright: ignore[reportUnknownArgumentType] - what JSON gives
        body = fit(document, FormerTaskImport)
        owner = body.owner.to_principal()
        tasks = [begin(task.to_content(), now=state["now"]()) for task in body.tasks]

        async def keep(stores: Stores) -> None:
            for task in tasks:
                await stores.tasks.add(owner, task)

        async def work(_attempt: int) -> Keep:
            return keep

        return Order(work=work, after=lambda: state["tasks_changed"](owner))

    return read_either
