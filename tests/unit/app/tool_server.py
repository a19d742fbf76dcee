"""The tool server over ports in memory, and what a client of its protocol says to it."""

from dataclasses import dataclass
from typing import Any

from starlette.testclient import TestClient
from starlette.types import ASGIApp

from app.mcp import create_mcp
from tests.unit.app.memory import Api

ISSUER = "https://issuer.test"
HEADERS = {"Accept": "application/json", "Content-Type": "application/json", "MCP-Protocol-Version": "2025-06-18"}


@dataclass(kw_only=True)
class Tools(Api):
    """What a test may replace before it opens the tool server."""

    def create(self) -> ASGIApp:
        return create_mcp(self.open_state, self.edge, issuer=ISSUER)


def ask(client: TestClient, method: str, parameters: dict[str, Any] | None = None, **headers: str) -> Any:
    """Send one request of the protocol and return the HTTP answer."""
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters or {}}
    return client.post("/mcp", json=message, headers={**HEADERS, **headers})


def call(client: TestClient, name: str, **arguments: Any) -> tuple[bool, Any]:
    """Call a tool; gives whether it went well, and the result or the text of the failure."""
    answer = ask(client, "tools/call", {"name": name, "arguments": arguments})
    assert answer.status_code == 200, answer.text
    result = answer.json()["result"]
    failed = result.get("isError", False)
    return not failed, result["content"][0]["text"] if failed else result["structuredContent"]
