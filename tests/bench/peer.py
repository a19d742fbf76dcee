"""The peer: the list of tasks by FastAPI, as its documentation writes it, behind the layers that the service has.

So both sides verify tokens, limit, trace, log and set headers by the same code, and both keep what they have read;
what is compared is the way from there to the bytes of an answer. FastAPI keeps the page and makes the answer of it by
its response model, as it is meant to; the service keeps the bytes.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from pydantic import BaseModel, Field
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from app.domain.models import Principal
from app.web.auth import PRINCIPAL, BearerAuth
from app.web.layers import Edge, inner, outer
from app.web.operation import PROTECTED
from app.web.person_limit import PersonLimit
from app.web.state import ApiState

KEPT_MAX: Final = 10_000


class TaskModel(BaseModel):
    """A task, as the service answers it."""

    id: UUID
    title: str = Field(min_length=1, max_length=200)
    notes: str | None
    status: Literal["open", "in_progress", "done"]
    due: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


class TaskPageModel(BaseModel):
    """A page of tasks."""

    items: list[TaskModel]
    next: str | None


def _caller(request: Request) -> Principal:
    principal: Principal = request.scope[PRINCIPAL]
    return principal


def create_peer(open_state: Callable[[], AbstractAsyncContextManager[ApiState]], edge: Edge) -> ASGIApp:
    """Make the peer over the state of the API."""
    router, kept = APIRouter(), dict[Principal, TaskPageModel]()

    @router.get("/api/v1/tasks")
    async def list_tasks(  # pyright: ignore[reportUnusedFunction] - the router has it
        request: Request,
        caller: Annotated[Principal, Depends(_caller)],
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
    ) -> TaskPageModel:
        if page := kept.get(caller):
            return page
        found = await request.state["tasks"].page(caller, limit=limit, after=None)
        page = TaskPageModel(
            items=[
                TaskModel(
                    id=task.id,
                    title=task.content.title,
                    notes=task.content.notes,
                    status=task.content.status.value,
                    due=task.content.due,
                    created_at=task.created_at,
                    updated_at=task.updated_at,
                    version=task.version,
                )
                for task in found.tasks
            ],
            next=str(found.after) if found.after else None,
        )
        if len(kept) < KEPT_MAX:
            kept[caller] = page
        return page

    @asynccontextmanager
    async def lifespan(_api: FastAPI) -> AsyncGenerator[Mapping[str, Any]]:
        async with open_state() as state:
            yield state

    layers = [*inner(edge), Middleware(BearerAuth, protected=PROTECTED), Middleware(PersonLimit)]
    api = FastAPI(openapi_url=None, lifespan=lifespan, middleware=layers)
    api.include_router(router)
    return outer(api, edge)
