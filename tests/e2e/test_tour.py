"""A person and a model tour the deployed service with clients that nobody wrote by hand: one generated from the
service's own description, and the official client of the Model Context Protocol."""

import asyncio
import importlib
import json
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
import pytest
from mcp.client import Client as McpClient
from mcp.client.streamable_http import streamable_http_client

from tests.e2e.api import Api
from tests.e2e.checkout import Checkout

pytestmark = pytest.mark.e2e

WITHIN_S = 60
TOOL = Path(sys.executable).parent / "openapi-python-client"


class Person:
    """Somebody with the generated client."""

    def __init__(self, package: ModuleType, api: Api, checkout: Checkout) -> None:
        self._package = package.__name__
        trust = ssl.create_default_context(cafile=checkout.state / "tls" / "ca.pem")
        client: Any = importlib.import_module(f"{self._package}.client")
        self._client = client.AuthenticatedClient(
            base_url=api.url, token=checkout.token(SUBJECT="grace"), verify_ssl=trust, raise_on_unexpected_status=True
        )

    def ask(self, operation: str, **arguments: Any) -> Any:
        """Do an operation; the answer as the client understood it."""
        module: Any = importlib.import_module(f"{self._package}.api.default.{operation}")
        return module.sync(client=self._client, **arguments)

    def close(self) -> None:
        """Close the connections."""
        self._client.get_httpx_client().close()

    def document(self, name: str, module: str, **members: Any) -> Any:
        """Make a document of the description."""
        models: Any = importlib.import_module(f"{self._package}.models.{module}")
        return getattr(models, name).from_dict(members)

    def until_done(self, operation_id: Any) -> Any:
        """Wait for the end of a long operation."""
        deadline = time.monotonic() + WITHIN_S
        while (operation := self.ask("get_operation", operation_id=operation_id)).status.value not in {
            "done",
            "failed",
        }:
            assert time.monotonic() < deadline, operation
        return operation


@pytest.fixture(scope="module")
def api(checkout: Checkout) -> Api:
    checkout.up()
    return Api(checkout)


@pytest.fixture(scope="module")
def person(checkout: Checkout, api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """Generate a client of the deployed API."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "openapi.json").write_text(json.dumps(api.ask("GET", "/openapi.json").body))
    command = [str(TOOL), "generate", "--path", "openapi.json", "--output-path", "digitalme_client", "--meta", "none"]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, timeout=WITHIN_S)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    made = Person(importlib.import_module("digitalme_client"), api, checkout)
    yield made
    made.close()
    sys.path.remove(str(folder))


def test_tasks_are_kept_changed_and_imported_by_the_worker(person: Person) -> None:
    task = person.ask("create_task", body=person.document("NewTask", "new_task", title="Write"))
    changed = person.ask("change_task", task_id=task.id, body=person.document("TaskPatch", "task_patch", status="done"))
    assert (changed.status.value, changed.version) == ("done", 2)
    order = {"kind": "tasks.import", "input": {"tasks": [{"title": "Imported"}]}}
    operation = person.ask(
        "start_operation", body=person.document("NewOperationType0", "new_operation_type_0", **order)
    )
    assert person.until_done(operation.id).status.value == "done"
    assert [each.title for each in person.ask("list_tasks").items] == ["Imported", "Write"]


def test_a_talk_is_answered_by_the_language_model_and_remembered(person: Person) -> None:
    person.ask("ask_chat", body=person.document("NewChatMessage", "new_chat_message", message="What is 2 + 2?"))
    assert len(person.ask("list_chat_messages").items) == 2


def test_the_official_client_sees_the_same_things(checkout: Checkout, person: Person) -> None:
    address: str = checkout.outputs()["mcp_url"]
    token = checkout.token(SUBJECT="grace", WORKLOAD="mcp")
    trust = ssl.create_default_context(cafile=checkout.state / "tls" / "ca.pem")

    async def tour() -> list[str]:
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(headers=headers, verify=trust, timeout=WITHIN_S, trust_env=False) as http:
            transport = streamable_http_client(f"{address}/mcp", http_client=http)
            async with McpClient(transport) as client:
                made = await client.call_tool("create_task", {"title": "By a model"})
                assert not made.is_error, made
                listed = await client.call_tool("list_tasks", {})
                found: Any = listed.structured_content
                return [task["title"] for task in found["items"]]

    assert asyncio.run(tour()) == ["By a model", "Imported", "Write"]
    assert person.ask("list_tasks").items[0].title == "By a model"


def test_what_is_kept_can_be_taken_away_and_is_gone_after_an_erasure(person: Person, api: Api) -> None:
    export = person.ask("ask_for_export")
    done = person.until_done(export.operation)
    assert done.status.value == "done", done
    confirmation = person.ask("get_erasure").confirm
    person.ask("erase", body=person.document("Confirmation", "confirmation", confirm=confirmation))
    deadline = time.monotonic() + WITHIN_S
    while person.ask("get_erasure").status.value != "done":
        assert time.monotonic() < deadline
    assert person.ask("list_tasks").items == []
    assert api.ask("GET", "/api/v1/tasks").body["items"] == []
