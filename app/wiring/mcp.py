"""The composition root of the tool server."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from app.limits.settling import settling
from app.settings.services import McpSettings
from app.web.state import State
from app.wiring.ground import open_ground, state_on


@asynccontextmanager
async def open_state(settings: McpSettings) -> AsyncGenerator[State]:
    """Open what requests of the tool server can reach."""
    async with open_ground(settings, "mcp") as ground:
        state = state_on(ground, settings)
        async with settling(state["limiter"].settled):
            yield state
