"""The tool server: what the API does for people, for the models that act for them.

Stateless: every request carries all that it needs, so that any replica answers it (MCP, "Streamable HTTP").
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

import mcp_types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import ASGIApp

from app.tools import events, profile, tasks
from app.tools.protected_resource import RESOURCE_PATH, metadata_address, metadata_route
from app.tools.tool import Tool
from app.web.auth import BearerAuth
from app.web.layers import Edge, layered
from app.web.operation import JSON
from app.web.own_address import OwnAddress
from app.web.person_limit import PersonLimit
from app.web.state import State
from app.web.with_caller import EndsWithCaller

_TOOLS: Final[Mapping[str, Tool[Any]]] = {tool.name: tool for tool in (*tasks.TOOLS, *events.TOOLS, *profile.TOOLS)}


def create_mcp(open_state: Callable[[], AbstractAsyncContextManager[State]], edge: Edge, *, issuer: str) -> ASGIApp:
    """Make the tool server.

    Args:
        open_state: Opens what requests can reach.
        edge: What stands in front.
        issuer: Who issues the tokens that clients need.
    """
    server: Server[Any] = Server("DigitalMe", version="1", on_list_tools=_list_tools, on_call_tool=_call_tool)
    manager = StreamableHTTPSessionManager(server, json_response=True, stateless=True)

    @asynccontextmanager
    async def opened() -> AsyncGenerator[State]:
        async with open_state() as state, manager.run():
            yield state

    layers = [
        Middleware(OwnAddress, behind_front_door=bool(edge.front_door_id)),
        Middleware(BearerAuth, protected=RESOURCE_PATH, metadata=metadata_address),
        Middleware(PersonLimit),
    ]
    routes = [
        # The library alone would look for a caller who leaves only while it streams events, which it does not do here.
        Route(RESOURCE_PATH, EndsWithCaller(StreamableHTTPASGIApp(manager), JSON), methods=["POST"]),
        metadata_route(issuer),
    ]
    return layered(routes, layers, opened, edge)


async def _list_tools(_context: Any, _parameters: mcp_types.PaginatedRequestParams | None) -> mcp_types.ListToolsResult:
    return mcp_types.ListToolsResult(tools=[tool.describe() for tool in _TOOLS.values()])


async def _call_tool(
    context: ServerRequestContext[Any], parameters: mcp_types.CallToolRequestParams
) -> mcp_types.CallToolResult:
    if context.request is None or parameters.name not in _TOOLS:
        raise MCPError(mcp_types.INVALID_PARAMS, f"no tool {parameters.name!r}; tools/list names those there are")
    return await _TOOLS[parameters.name].call(context.request, parameters.arguments or {})
