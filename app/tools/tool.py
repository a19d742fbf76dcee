"""A tool of the Model Context Protocol: its documents are msgspec types, like those of routes; errors read alike."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import mcp_types
import msgspec
from starlette.requests import Request

from app.cache.keys import Kind
from app.domain.errors import Invalid, ProductError
from app.limits.limiter import require
from app.web.auth import principal_of
from app.web.problems import reason
from app.web.request_log import request_id
from app.web.state import State
from app.wire.documents import fit

_log = logging.getLogger(__name__)

_Takes = TypeVar("_Takes", bound=msgspec.Struct)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool(Generic[_Takes]):
    """One tool.

    Args:
        name: How a model calls it.
        description: What a model reads about it.
        takes: The type of its arguments.
        gives: The type of its result.
        work: What it does, for a request with the person who calls.
        reads: Whether it changes nothing.
        destroys: Whether what it changes cannot be had again.
        changes: The kind of the person's things that it changes, if the API keeps answers about it.
    """

    name: str
    description: str
    takes: type[_Takes]
    gives: type[msgspec.Struct]
    work: Callable[[Request[State], _Takes], Awaitable[msgspec.Struct]]
    reads: bool = False
    destroys: bool = False
    changes: Kind | None = None

    def describe(self) -> mcp_types.Tool:
        """Describe the tool to a client."""
        return mcp_types.Tool(
            name=self.name,
            description=self.description,
            input_schema=_schema(self.takes),
            output_schema=_schema(self.gives),
            annotations=mcp_types.ToolAnnotations(
                read_only_hint=self.reads, destructive_hint=self.destroys, open_world_hint=False
            ),
        )

    async def call(self, request: Request[State], arguments: dict[str, Any]) -> mcp_types.CallToolResult:
        """Do the work; whatever goes wrong is a result that a model can read."""
        try:
            given = msgspec.to_builtins(await self._do(request, fit(arguments, self.takes)))
        except Invalid as error:
            return _failed(f"{reason(error)}: {error}")
        except ProductError as error:
            _log.info("a tool is refused", extra={"tool": self.name, "error": repr(error)})
            return _failed(reason(error))
        except Exception:  # noqa: BLE001 - the last stop: the protocol would name the error to the caller
            instance = request_id(request.scope)
            _log.exception("a tool failed", extra={"tool": self.name, "request_id": instance})
            return _failed(f"the service failed; tell us the instance {instance}")
        text = msgspec.json.encode(given).decode()
        return mcp_types.CallToolResult(
            content=[mcp_types.TextContent(type="text", text=text)], structured_content=given
        )

    async def _do(self, request: Request[State], arguments: _Takes) -> msgspec.Struct:
        require(await request.state["limiter"].ask_tool(principal_of(request)))
        try:
            return await self.work(request, arguments)
        finally:  # also what has failed may have been done all the same
            if self.changes:
                await request.state["cache"].changed(principal_of(request), self.changes)


def _failed(text: str) -> mcp_types.CallToolResult:
    return mcp_types.CallToolResult(content=[mcp_types.TextContent(type="text", text=text)], is_error=True)


def _schema(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the schema of a type, with the type itself at the root, where clients look for its members."""
    _, schemas = msgspec.json.schema_components((kind,), ref_template="#/$defs/{name}")
    root = schemas.pop(kind.__name__)
    return {**root, "$defs": schemas} if schemas else root
