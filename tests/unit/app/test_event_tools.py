"""What models can do with the calendar and the profile."""

from typing import Any

import pytest

from tests.unit.app.tool_server import Tools, call

DAILY = {
    "title": "Run",
    "starts_at": "2026-12-01T08:00:00Z",
    "ends_at": "2026-12-01T09:00:00Z",
    "time_zone": "Europe/Berlin",
    "recurrence": "FREQ=DAILY",
}
DAYS = {"since": "2026-12-01T00:00:00Z", "before": "2026-12-06T00:00:00Z"}


def test_an_event_is_kept_listed_changed_and_deleted() -> None:
    with Tools().client("ada") as client:
        _, event = call(client, "create_event", **DAILY)
        assert call(client, "read_event", id=event["id"]) == (True, event)
        _, listed = call(client, "list_events", **DAYS)
        assert [one["starts_at"][:10] for one in listed["items"]] == [f"2026-12-0{day}" for day in range(1, 6)]
        left_out = ["2026-12-02T08:00:00Z"]
        _, changed = call(client, "change_event", id=event["id"], excluded=left_out, notes="n", version=1)
        assert changed == {**event, "excluded": left_out, "notes": "n", "version": 2}
        assert len(call(client, "list_events", **DAYS)[1]["items"]) == 4
        assert call(client, "delete_event", id=event["id"]) == (True, {"id": event["id"]})
        assert call(client, "read_event", id=event["id"]) == (False, "there is no such thing")


def test_pages_of_occurrences_follow_each_other_by_cursor() -> None:
    with Tools().client("ada") as client:
        call(client, "create_event", **DAILY)
        _, first = call(client, "list_events", **DAYS, limit=3)
        _, last = call(client, "list_events", **DAYS, limit=3, cursor=first["cursor"])
    assert [len(page["items"]) for page in (first, last)] == [3, 2]
    assert last["cursor"] is None


@pytest.mark.parametrize("name", ["read_event", "change_event", "delete_event"])
def test_a19_another_persons_event_is_not_there_for_a_model(name: str) -> None:
    tools = Tools()
    with tools.client("ada") as client:
        _, event = call(client, "create_event", **DAILY)
    with tools.client("bob") as client:
        assert call(client, name, id=event["id"]) == (False, "there is no such thing")
        assert call(client, "list_events", **DAYS) == (True, {"items": [], "cursor": None})
    assert [(one.content.title, one.version) for one in tools.events.kept.values()] == [("Run", 1)]


@pytest.mark.parametrize("name", ["read_event", "change_event", "delete_event"])
def test_an_event_with_another_version_than_expected_is_left_alone(name: str) -> None:
    with Tools().client("ada") as client:
        _, event = call(client, "create_event", **DAILY)
        assert call(client, name, id=event["id"], version=2) == (False, CHANGED)
        assert call(client, "read_event", id=event["id"]) == (True, event)


CHANGED = "it has changed since you read it; read it again"


def test_a_profile_is_read_and_changed_but_not_its_plan() -> None:
    with Tools().client("ada") as client:
        _, profile = call(client, "read_profile")
        assert (profile["version"], profile["plan"]) == (0, "free")
        said: dict[str, Any] = {"display_name": "Ada", "time_zone": "Europe/Vienna"}
        _, changed = call(client, "change_profile", **said, version=0)
        assert changed == {**profile, **said, "updated_at": "2026-11-23T12:00:00Z", "version": 1}
        assert call(client, "change_profile", display_name=None, version=0) == (False, CHANGED)
        assert not call(client, "change_profile", plan="premium")[0]
        assert call(client, "read_profile") == (True, changed)
