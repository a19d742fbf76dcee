"""Operations over ports in memory."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.errors import NotFound, Unavailable
from app.domain.models import Principal
from app.domain.operations import NewOperation, Operation, OperationPage, OperationStatus, key_taken
from app.domain.outbox import Message  # noqa: TC001 - annotates a member

ENDED = (OperationStatus.DONE, OperationStatus.FAILED)


class MemoryOperations:
    """The ports `OperationStore`, `OperationWork` and `OperationEnd` in dictionaries; what was sent is a list."""

    def __init__(self) -> None:
        self.kept: dict[tuple[Principal, UUID], Operation] = {}
        self.started: dict[tuple[Principal, UUID], NewOperation] = {}
        self.messages: list[Message] = []
        self.unavailable = False

    async def start(self, owner: Principal, new: NewOperation) -> Operation:
        for (who, operation_id), before in self.started.items():
            if who == owner and new.key is not None and before.key == new.key:
                if before.fingerprint(owner) != new.fingerprint(owner):
                    raise key_taken()
                return self.kept[owner, operation_id]
        self.started[owner, new.id] = new
        self.kept[owner, new.id] = Operation(
            id=new.id,
            kind=new.kind,
            status=OperationStatus.WAITING,
            progress=0,
            result=None,
            problem=None,
            created_at=new.now,
            updated_at=new.now,
        )
        self.messages.append(new.message(owner))
        return self.kept[owner, new.id]

    async def get(self, owner: Principal, operation_id: UUID) -> Operation:
        if (owner, operation_id) not in self.kept:
            raise NotFound
        return self.kept[owner, operation_id]

    async def page(self, owner: Principal, *, limit: int, after: UUID | None) -> OperationPage:
        own = [one for (who, _), one in self.kept.items() if who == owner]
        older = sorted((o for o in own if after is None or o.id < after), key=lambda o: o.id, reverse=True)
        found = tuple(older[:limit])
        return OperationPage(operations=found, after=found[-1].id if len(older) > limit else None)

    async def begin(self, owner: Principal, operation_id: UUID, *, attempt: int, now: datetime) -> str | None:
        assert attempt >= 1
        found = self.kept.get((owner, operation_id))
        if found is None or found.status == OperationStatus.DONE:
            return None
        self._change(owner, operation_id, now, status=OperationStatus.RUNNING, problem=None)
        return self.started[owner, operation_id].request

    async def report(self, owner: Principal, operation_id: UUID, percent: int, *, now: datetime) -> None:
        if percent > self.kept[owner, operation_id].progress:
            self._change(owner, operation_id, now, progress=percent)

    async def give_up(self, owner: Principal, operation_id: UUID, problem: str, *, now: datetime) -> None:
        if self.unavailable:
            raise Unavailable("the database is down")
        if self.kept[owner, operation_id].status not in ENDED:
            await self.failed(owner, operation_id, problem, now=now)

    async def done(self, owner: Principal, operation_id: UUID, result: Mapping[str, Any], *, now: datetime) -> None:
        self._change(owner, operation_id, now, status=OperationStatus.DONE, progress=100, result=result, problem=None)

    async def failed(self, owner: Principal, operation_id: UUID, problem: str, *, now: datetime) -> None:
        self._change(owner, operation_id, now, status=OperationStatus.FAILED, problem=problem)

    def _change(self, owner: Principal, operation_id: UUID, now: datetime, **changes: Any) -> None:
        self.kept[owner, operation_id] = replace(self.kept[owner, operation_id], updated_at=now, **changes)
