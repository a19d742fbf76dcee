"""A person's calendar over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.domain.events import REPEATED_MAX
from tests.unit.app.memory import ADA, Api

EVENTS = "/api/v1/calendar/events"
MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}
ONCE = {"title": "Talk", "starts_at": "2026-12-01T10:00:00+02:00", "ends_at": "2026-12-01T11:00:00+02:00"}
TOO_MANY = [f"2026-12-01T08:{second // 60:02}:{second % 60:02}Z" for second in range(501)]
DAILY = {**ONCE, "title": "Run", "time_zone": "Europe/Berlin", "recurrence": "FREQ=DAILY"}


def create(client: TestClient, **members: Any) -> dict[str, Any]:
    answer = client.post(EVENTS, json={**ONCE, **members})
    assert answer.status_code == 201, answer.text
    return answer.json()


def listed(client: TestClient, since: str, before: str, **more: Any) -> dict[str, Any]:
    answer = client.get(EVENTS, params={"from": since, "to": before, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_new_event_is_answered_with_its_place_and_entity_tag() -> None:
    with Api().client("ada") as client:
        answer = client.post(EVENTS, json={**ONCE, "time_zone": "Europe/Berlin", "location": "Here"})
        event = answer.json()
        assert answer.status_code == 201
        assert answer.headers["Location"] == f"{EVENTS}/{event['id']}"
        assert answer.headers["ETag"] == '"1"'
        assert client.get(answer.headers["Location"]).json() == event
    assert event == {
        "id": event["id"],
        "uid": event["id"],
        "title": "Talk",
        "starts_at": "2026-12-01T08:00:00Z",
        "ends_at": "2026-12-01T09:00:00Z",
        "notes": None,
        "location": "Here",
        "all_day": False,
        "time_zone": "Europe/Berlin",
        "recurrence": None,
        "excluded": [],
        "created_at": "2026-11-23T12:00:00Z",
        "updated_at": "2026-11-23T12:00:00Z",
        "version": 1,
    }


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"title": " "}, "/title"),
        ({"title": "a\0"}, "/title"),
        ({"notes": "n" * 4001}, "/notes"),
        ({"location": "\0"}, "/location"),
        ({"starts_at": "2026-12-01T10:00:00"}, "/starts_at"),
        ({"starts_at": "2026-12-01T10:00:00.5Z"}, "/starts_at"),
        ({"starts_at": "0001-01-01T00:00:00+14:00"}, "/starts_at"),
        ({"starts_at": "2200-01-01T00:00:00Z", "ends_at": "2200-01-01T00:00:00Z"}, "/starts_at"),
        ({"ends_at": "2026-12-01T07:59:59Z"}, "/ends_at"),
        ({"ends_at": "2027-01-01T08:00:01Z"}, "/ends_at"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"time_zone": "europe/berlin"}, "/time_zone"),
        ({"time_zone": "../../../etc/passwd"}, "/time_zone"),
        ({"time_zone": "localtime"}, "/time_zone"),
        ({"time_zone": "Europe"}, "/time_zone"),
        ({"time_zone": "\0"}, "/time_zone"),
        ({"all_day": True}, "/all_day"),
        ({"recurrence": "FREQ=SECONDLY"}, "/recurrence"),
        ({"recurrence": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "/recurrence"),
        ({"recurrence": "FREQ=WEEKLY;BYDAY=SU"}, "/recurrence"),
        ({"recurrence": "FREQ=DAILY;UNTIL=20261130"}, "/recurrence"),
        ({"recurrence": "FREQ=YEARLY;COUNT=102"}, "/recurrence"),
        ({"excluded": ["2026-12-01T08:00:00Z"]}, "/excluded"),
        (
            {"recurrence": "FREQ=DAILY", "excluded": [f"2026-12-01T08:{n // 60:02}:{n % 60:02}Z" for n in range(501)]},
            "/excluded",
        ),
        ({"uid": "mine"}, "/uid"),
    ],
    ids=str,
)
def test_what_breaks_a_rule_is_refused_with_the_member_at_fault(members: dict[str, Any], pointer: str) -> None:
    with Api().client("ada") as client:
        answer = client.post(EVENTS, json={**ONCE, **members})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


def test_a_list_has_every_occurrence_that_overlaps_the_window_in_order() -> None:
    with Api().client("ada") as client:
        once, run = create(client), create(client, **DAILY)
        night = create(client, title="Night", starts_at="2026-12-02T22:00:00Z", ends_at="2026-12-03T06:00:00Z")
        create(client, title="Before", starts_at="2026-11-30T22:00:00Z", ends_at="2026-12-01T00:00:00Z")
        create(client, title="After", starts_at="2026-12-04T00:00:00Z", ends_at="2026-12-04T00:00:00Z")
        moment = create(client, title="At once", starts_at="2026-12-01T00:00:00Z", ends_at="2026-12-01T00:00:00Z")
        found = listed(client, "2026-12-01T00:00:00Z", "2026-12-04T00:00:00Z")
        assert [(one["event_id"], one["starts_at"]) for one in found["items"]] == [
            (moment["id"], "2026-12-01T00:00:00Z"),
            *sorted((one["id"], "2026-12-01T08:00:00Z") for one in (once, run)),  # at the same time, by id
            (run["id"], "2026-12-02T08:00:00Z"),
            (night["id"], "2026-12-02T22:00:00Z"),
            (run["id"], "2026-12-03T08:00:00Z"),
        ]
        assert found["cursor"] is None
        into_the_night = listed(client, "2026-12-03T05:00:00Z", "2026-12-03T06:00:00Z")["items"]
        assert [one["title"] for one in into_the_night] == ["Night"]


def test_pages_of_occurrences_are_complete_and_without_repetition() -> None:
    with Api().client("ada") as client:
        for hour in range(5):
            create(
                client,
                title=str(hour),
                starts_at=f"2026-12-0{hour + 1}T08:00:00Z",
                ends_at=f"2026-12-0{hour + 1}T09:00:00Z",
            )
        create(client, **DAILY)
        create(client, **DAILY)
        whole = listed(client, "2026-12-01T00:00:00Z", "2026-12-11T00:00:00Z", limit=100)["items"]
        pages, cursor = list[dict[str, Any]](), {}
        for _ in range(20):
            page = listed(client, "2026-12-01T00:00:00Z", "2026-12-11T00:00:00Z", limit=3, **cursor)
            pages += page["items"]
            if page["cursor"] is None:
                break
            assert len(page["items"]) == 3
            cursor = {"cursor": page["cursor"]}
    assert len(whole) == 25
    assert pages == whole


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"from": "2026-12-01T00:00:00Z"},
        {"from": "2026-12-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"},
        {"from": "2026-12-01T00:00:00Z", "to": "2027-12-02T00:00:01Z"},
        {"from": "2026-12-01", "to": "2026-12-02"},
        {"from": "2026-12-01T00:00:00", "to": "2026-12-02T00:00:00"},
        {"from": "0001-01-01T00:00:00Z", "to": "0001-01-02T00:00:00Z"},
        {"from": "9999-12-31T00:00:00Z", "to": "9999-12-31T23:59:59Z"},
        {"from": "' or 1=1 --", "to": "2026-12-02T00:00:00Z"},
        {"from": "2026-12-01T00:00:00Z", "to": "2026-12-02T00:00:00Z", "limit": "101"},
        {"from": "2026-12-01T00:00:00Z", "to": "2026-12-02T00:00:00Z", "cursor": "x"},
        {"from": "2026-12-01T00:00:00Z", "to": "2026-12-02T00:00:00Z", "cursor": "f" * 32},
    ],
    ids=str,
)
def test_a_window_that_is_none_or_too_long_is_refused(query: dict[str, str]) -> None:
    with Api().client("ada") as client:
        assert client.get(EVENTS, params=query).status_code == 422


def test_an_occurrence_is_left_out_by_its_start() -> None:
    with Api().client("ada") as client:
        event = create(client, **DAILY)
        patch = {"excluded": ["2026-12-02T09:00:00+01:00"]}
        changed = client.patch(f"{EVENTS}/{event['id']}", json=patch, headers={**MERGE_PATCH, "If-Match": '"1"'})
        assert changed.json() == {**event, "excluded": ["2026-12-02T08:00:00Z"], "version": 2}
        found = listed(client, "2026-12-01T00:00:00Z", "2026-12-04T00:00:00Z")["items"]
        assert [one["starts_at"][:10] for one in found] == ["2026-12-01", "2026-12-03"]


def test_a_change_keeps_what_it_does_not_name_and_needs_the_version_it_names() -> None:
    with Api().client("ada") as client:
        event = create(client, **DAILY, notes="n")
        address = f"{EVENTS}/{event['id']}"
        changed = client.patch(address, json={"notes": None, "recurrence": None}, headers=MERGE_PATCH).json()
        assert changed == {**event, "notes": None, "recurrence": None, "version": 2}
        assert client.patch(address, json={}, headers={**MERGE_PATCH, "If-Match": '"1"'}).status_code == 412
        assert client.delete(address, headers={"If-Match": '"1"'}).status_code == 412
        assert client.delete(address, headers={"If-Match": '"2"'}).status_code == 204
        assert client.get(address).status_code == 404


def test_events_that_repeat_are_bounded_per_person() -> None:
    api = Api()
    with api.client("ada") as client:
        for _ in range(REPEATED_MAX):
            create(client, **DAILY)
        event = create(client)
        assert client.post(EVENTS, json=DAILY).status_code == 409
        address = f"{EVENTS}/{event['id']}"
        assert client.patch(address, json={"recurrence": "FREQ=DAILY"}, headers=MERGE_PATCH).status_code == 409
    with api.client("bob") as client:
        create(client, **DAILY)


def test_an_event_that_ends_has_a_last_moment_and_one_that_does_not_has_none() -> None:
    api = Api()
    with api.client("ada") as client:
        rules = (
            None,
            "FREQ=DAILY",
            "FREQ=DAILY;COUNT=3",
            "FREQ=DAILY;UNTIL=20261203",
            "FREQ=DAILY;UNTIL=20261203T080000Z",
        )
        events = [create(client, **{**DAILY, "recurrence": rule}) for rule in rules]
        found = [len(listed(client, "2026-12-01T00:00:00Z", "2026-12-10T00:00:00Z", limit=100)["items"])]
    last = {str(event.id): event.content.last_at for event in api.events.of(ADA)}
    end = datetime(2026, 12, 1, 9, tzinfo=UTC)
    assert [last[event["id"]] for event in events] == [
        end,
        None,
        end + timedelta(days=2),
        datetime(2026, 12, 3, 23, 59, 59, tzinfo=UTC),
        end + timedelta(days=2),
    ]
    assert found == [1 + 9 + 3 + 3 + 3]


@pytest.mark.parametrize("event_id", ["x", "7d1f1f3e-6f0c-4d8e-9a40-2c5d7e1b9f63", "..%2f", "0" * 32])
def test_an_event_that_is_not_there_is_not_found(event_id: str) -> None:
    with Api().client("ada") as client:
        assert client.get(f"{EVENTS}/{event_id}").status_code == 404
