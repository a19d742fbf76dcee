"""What models can do with tasks, and what they are told."""

import json
import logging
from uuid import uuid4

import pytest

from app.domain.errors import Unavailable
from app.logs import JsonLines
from tests.unit.app.memory import BrokenTasks
from tests.unit.app.tool_server import Tools, ask, call


def test_a_task_is_kept_read_changed_and_deleted() -> None:
    with Tools().client("ada") as client:
        _, task = call(client, "create_task", title="Write", notes="now", due="2026-12-01T10:00:00+02:00")
        assert (task["status"], task["due"], task["version"]) == ("open", "2026-12-01T08:00:00Z", 1)
        assert call(client, "read_task", id=task["id"]) == (True, task)
        assert call(client, "list_tasks") == (True, {"items": [task], "cursor": None})
        _, changed = call(client, "change_task", id=task["id"], status="done", notes=None, version=1)
        assert changed == {**task, "status": "done", "notes": None, "version": 2}
        assert call(client, "delete_task", id=task["id"]) == (True, {"id": task["id"]})
        assert call(client, "read_task", id=task["id"]) == (False, "there is no such thing")


def test_pages_follow_each_other_by_cursor() -> None:
    with Tools().client("ada") as client:
        for number in range(3):
            call(client, "create_task", title=str(number))
        _, first = call(client, "list_tasks", limit=2)
        _, last = call(client, "list_tasks", limit=2, cursor=first["cursor"])
    assert (len(first["items"]), len(last["items"]), last["cursor"]) == (2, 1, None)
    assert {task["title"] for task in (*first["items"], *last["items"])} == {"0", "1", "2"}


@pytest.mark.parametrize("name", ["read_task", "change_task", "delete_task"])
def test_a_task_with_another_version_than_expected_is_left_alone(name: str) -> None:
    with Tools().client("ada") as client:
        _, task = call(client, "create_task", title="Write")
        refused = call(client, name, id=task["id"], version=2)
        assert refused == (False, "it has changed since you read it; read it again")
        assert call(client, "read_task", id=task["id"]) == (True, task)


@pytest.mark.parametrize("name", ["read_task", "change_task", "delete_task"])
def test_another_persons_task_is_not_there(name: str) -> None:
    tools = Tools()
    with tools.client("ada") as client:
        _, task = call(client, "create_task", title="Write")
    with tools.client("bob") as client:
        assert call(client, name, id=task["id"]) == (False, "there is no such thing")
        assert call(client, "list_tasks") == (True, {"items": [], "cursor": None})
    assert [task.content.title for task in tools.tasks.kept.values()] == ["Write"]


def test_a_broken_rule_is_named_with_the_member_at_fault() -> None:
    with Tools().client("ada") as client:
        assert call(client, "create_task", title=" ") == (
            False,
            "the request breaks a rule: /title: expected 1 to 200 characters, not all of them blank",
        )


def test_an_unknown_tool_is_an_error_of_the_protocol() -> None:
    with Tools().client("ada") as client:
        error = ask(client, "tools/call", {"name": "drop_tables", "arguments": {}}).json()["error"]
    assert error["code"] == -32602
    assert "drop_tables" in error["message"]


@pytest.mark.parametrize("error", [Unavailable("db-7 is down"), RuntimeError("password=hunter2")], ids=repr)
def test_a_failure_tells_a_model_nothing_of_the_inside(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), Tools(tasks=BrokenTasks(error)).client("ada") as client:
        answer = ask(client, "tools/call", {"name": "read_task", "arguments": {"id": str(uuid4())}})
    result = answer.json()["result"]
    assert result["isError"]
    assert str(error) not in json.dumps(result)
    logged = "\n".join(JsonLines().format(record) for record in caplog.records)
    assert type(error).__name__ in logged
    if not isinstance(error, Unavailable):
        assert answer.headers["X-Request-Id"] in result["content"][0]["text"]
