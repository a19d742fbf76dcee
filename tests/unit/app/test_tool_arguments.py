"""The arguments of every tool are described as they are taken, and its results as they are given."""

from typing import Any
from uuid import uuid4

import pytest

from tests.schema_check import problems
from tests.unit.app.tool_server import Tools, ask, call

TALK = {"title": "t", "starts_at": "2026-12-01T08:00:00Z", "ends_at": "2026-12-01T09:00:00+00:00"}
DAY = {"since": "2026-12-01T00:00:00Z", "before": "2026-12-02T00:00:00Z"}
NEW: dict[str, tuple[str, dict[str, Any]]] = {"task": ("create_task", {"title": "t"}), "event": ("create_event", TALK)}

GOOD: dict[str, list[dict[str, Any]]] = {
    "list_tasks": [{}, {"limit": 1}, {"cursor": None}, {"status": "done", "due_before": "2026-12-01T10:00:00Z"}],
    "create_task": [{"title": "t"}, {"title": "t", "due": None, "notes": "n", "status": "done"}],
    "read_task": [{}, {"version": 1}],
    "change_task": [{}, {"title": "t"}, {"notes": None, "due": None}, {"due": "2026-12-01T10:00:00Z"}],
    "delete_task": [{}, {"version": 1}],
    "list_events": [DAY, {**DAY, "limit": 1, "cursor": None}],
    "create_event": [
        TALK,
        {**TALK, "recurrence": "FREQ=DAILY", "excluded": [], "time_zone": "Asia/Tokyo"},
    ],
    "read_event": [{}, {"version": 1}],
    "change_event": [{}, {"title": "t"}, {"notes": None, "recurrence": None}, {"all_day": False, "excluded": []}],
    "delete_event": [{}, {"version": 1}],
    "read_profile": [{}, {"version": 0}],
    "change_profile": [{}, {"display_name": "Ada", "email": None}, {"locale": "de", "time_zone": "Europe/Vienna"}],
}
BAD: dict[str, list[dict[str, Any]]] = {
    "list_tasks": [
        {"status": "lost"},
        {"due_after": "soon"},
        {"limit": 0},
        {"limit": 101},
        {"limit": "1"},
        {"more": 1},
    ],
    "create_task": [{}, {"title": ""}, {"title": "t", "status": "lost"}, {"title": "t", "id": str(uuid4())}],
    "read_task": [{"id": "x"}, {"version": "1"}],
    "change_task": [{"title": None}, {"status": None}, {"notes": "n" * 4001}, {"more": 1}],
    "delete_task": [{"id": None}, {"more": 1}],
    "list_events": [
        {},
        {"since": DAY["since"]},
        {**DAY, "limit": 0},
        {**DAY, "since": "2026-12-01"},
        {**DAY, "more": 1},
    ],
    "create_event": [{}, {"title": "t"}, {**TALK, "recurrence": 1}, {**TALK, "excluded": None}, {**TALK, "uid": "u"}],
    "read_event": [{"id": "x"}, {"version": "1"}],
    "change_event": [{"title": None}, {"starts_at": "now"}, {"all_day": 1}, {"more": 1}, {"time_zone": None}],
    "delete_event": [{"id": None}, {"more": 1}],
    "read_profile": [{"version": "0"}, {"more": 1}],
    "change_profile": [{"locale": None}, {"display_name": ""}, {"plan": "premium"}, {"email": "n" * 255}],
}


def fits(value: Any, schema: dict[str, Any]) -> bool:
    root = {keyword: rule for keyword, rule in schema.items() if keyword != "$defs"}
    return problems(value, root, schema) == []


@pytest.mark.parametrize("accepted", [True, False])
def test_arguments_are_described_as_valid_when_they_are_accepted(*, accepted: bool) -> None:
    with Tools().client("ada") as client:
        described = {tool["name"]: tool for tool in ask(client, "tools/list").json()["result"]["tools"]}
        assert set(described) == set(GOOD) == set(BAD)
        for name, examples in (GOOD if accepted else BAD).items():
            schema = described[name]["inputSchema"]
            assert schema["type"] == "object"
            for example in examples:
                arguments = dict(example)
                if "id" in schema["properties"]:
                    create, new = NEW[name.partition("_")[2]]
                    arguments = {"id": call(client, create, **new)[1]["id"], **example}
                well, said = call(client, name, **arguments)
                assert well == fits(arguments, schema) == accepted, (name, example, said)
                assert not well or fits(said, described[name]["outputSchema"])
