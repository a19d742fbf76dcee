import base64
from typing import Any
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from tests.unit.app.memory import Api

TASKS = "/api/v1/tasks"
MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}


def create(client: TestClient, **members: Any) -> dict[str, Any]:
    answer = client.post(TASKS, json={"title": "Write", **members})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_new_task_is_answered_with_its_place_and_entity_tag() -> None:
    with Api().client("ada") as client:
        answer = client.post(TASKS, json={"title": "Write", "due": "2026-12-01T10:00:00+02:00"})
        task = answer.json()
        assert answer.status_code == 201
        assert answer.headers["Location"] == f"{TASKS}/{task['id']}"
        assert answer.headers["ETag"] == '"1"'
        assert client.get(answer.headers["Location"]).json() == task
    assert task == {
        "id": task["id"],
        "title": "Write",
        "notes": None,
        "status": "open",
        "due": "2026-12-01T08:00:00Z",
        "created_at": "2026-11-23T12:00:00Z",
        "updated_at": "2026-11-23T12:00:00Z",
        "version": 1,
    }


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({}, "/title"),
        ({"title": ""}, "/title"),
        ({"title": " \t"}, "/title"),
        ({"title": "t" * 201}, "/title"),
        ({"title": 7}, "/title"),
        ({"title": "a\0b"}, "/title"),
        ({"title": "t", "notes": "n" * 4001}, "/notes"),
        ({"title": "t", "notes": "\0"}, "/notes"),
        ({"title": "t", "status": "lost"}, "/status"),
        ({"title": "t", "due": "2026-12-01T10:00:00"}, "/due"),
        ({"title": "t", "due": "tomorrow"}, "/due"),
        ({"title": "t", "due": "0001-01-01T00:00:00+14:00"}, "/due"),
        ({"title": "t", "version": 9}, "/version"),
        ({"title": "t", "a/b~c": 9}, "/a~1b~0c"),
        ([], ""),
        ("title", ""),
    ],
)
def test_a_document_that_breaks_a_rule_is_refused_with_the_member_at_fault(document: Any, pointer: str) -> None:
    with Api().client("ada") as client:
        answer = client.post(TASKS, json=document)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b'\xef\xbb\xbf{"title":"t"}',
        b'{"title":NaN}',
        b'{"title":' + b"[" * 100_000,
        b'{"title":"\\ud800"}',
    ],
    ids=["empty", "cut", "not UTF-8", "byte order mark", "not a number", "deep", "half a surrogate pair"],
)
def test_a_body_that_is_not_json_is_refused(body: bytes) -> None:
    with Api().client("ada") as client:
        answer = client.post(TASKS, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "multipart/form-data", ""])
def test_a_body_of_another_media_type_is_refused(media_type: str) -> None:
    with Api().client("ada") as client:
        answer = client.post(TASKS, content=b'{"title":"t"}', headers={"Content-Type": media_type})
    assert answer.status_code == 415


def test_a_patch_keeps_what_is_absent_and_takes_away_what_is_null() -> None:
    with Api().client("ada") as client:
        task = create(client, notes="long", due="2026-12-01T10:00:00Z")
        answer = client.patch(f"{TASKS}/{task['id']}", json={"due": None, "status": "done"}, headers=MERGE_PATCH)
    changed = answer.json()
    assert answer.headers["ETag"] == '"2"'
    assert changed == {**task, "due": None, "status": "done", "version": 2}


@pytest.mark.parametrize(
    ("patch", "pointer"), [({"title": None}, "/title"), ({"id": "x"}, "/id"), ({"x": 1}, "/x"), ({"x": None}, "/x")]
)
def test_a_patch_must_leave_a_valid_task(patch: dict[str, Any], pointer: str) -> None:
    with Api().client("ada") as client:
        task = create(client)
        answer = client.patch(f"{TASKS}/{task['id']}", json=patch, headers=MERGE_PATCH)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer
        assert client.get(f"{TASKS}/{task['id']}").json() == task


@pytest.mark.parametrize(
    ("if_match", "status"), [('"1"', 200), ('"7", "1"', 200), ("*", 200), ('"2"', 412), ('W/"1"', 412), ("1", 412)]
)
def test_a_change_needs_the_version_that_if_match_names(if_match: str, status: int) -> None:
    with Api().client("ada") as client:
        task = create(client)
        headers = {**MERGE_PATCH, "If-Match": if_match}
        answer = client.patch(f"{TASKS}/{task['id']}", json={"title": "New"}, headers=headers)
        kept = client.get(f"{TASKS}/{task['id']}").json()["title"]
    assert (answer.status_code, kept) == (status, "New" if status == 200 else "Write")


def test_a_deletion_needs_the_version_that_if_match_names() -> None:
    with Api().client("ada") as client:
        address = f"{TASKS}/{create(client)['id']}"
        assert client.delete(address, headers={"If-Match": '"2"'}).status_code == 412
        assert client.get(address).status_code == 200
        answer = client.delete(address, headers={"If-Match": '"1"'})
        assert (answer.status_code, answer.content) == (204, b"")
        assert client.get(address).status_code == 404


def test_pages_follow_each_other_without_gap_or_overlap_newest_first() -> None:
    with Api().client("ada") as client:
        made = {create(client, title=str(number))["id"] for number in range(7)}
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = client.get(TASKS, params={"limit": 3, "cursor": cursor}).json()
            assert len(page["items"]) <= 3
            seen += [task["id"] for task in page["items"]]
            cursor = page["cursor"]
    assert seen == sorted(made, reverse=True)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=-1", "limit=x", "limit=1e1", "cursor=x", "cursor=%00"]
)
def test_a_page_that_cannot_be_is_refused(query: str) -> None:
    with Api().client("ada") as client:
        assert client.get(f"{TASKS}?{query}").status_code == 422


def test_tasks_that_are_asked_for_by_when_they_are_due_come_in_that_order_page_by_page() -> None:
    with Api().client("ada") as client:
        for day in (3, 1, 2, 2):
            create(client, title=str(day), due=f"2026-12-0{day}T10:00:00.000001Z")
        create(client, title="some day")
        titles, cursor = "", ""
        while cursor is not None:
            page = client.get(TASKS, params={"limit": 1, "due_after": "2026-12-01T00:00:00Z", "cursor": cursor}).json()
            titles += page["items"][0]["title"]
            cursor = page["cursor"]
    assert titles == "1223"


def test_a_cursor_of_one_order_is_none_of_the_other() -> None:
    with Api().client("ada") as client:
        for title in "ab":
            create(client, title=title, due="2026-12-01T10:00:00Z")
        due = {"due_before": "2027-01-01T00:00:00Z", "limit": 1}
        by_due, by_age = client.get(TASKS, params=due).json(), client.get(TASKS, params={"limit": 1}).json()
        assert client.get(TASKS, params={**due, "cursor": by_age["cursor"]}).status_code == 422
        assert client.get(TASKS, params={"limit": 1, "cursor": by_due["cursor"]}).status_code == 422


def test_a_cursor_tells_nothing_but_where_the_next_page_starts() -> None:
    with Api().client("ada") as client:
        create(client)
        create(client)
        page = client.get(TASKS, params={"limit": 1}).json()
    assert base64.urlsafe_b64decode(page["cursor"] + "==") == UUID(page["items"][0]["id"]).bytes


def test_another_persons_task_is_not_there() -> None:
    api = Api()
    with api.client("ada") as client:
        address = f"{TASKS}/{create(client)['id']}"
    with api.client("bob") as client:
        assert client.get(TASKS).json() == {"items": [], "cursor": None}
        assert client.get(address).status_code == 404
        assert client.patch(address, json={"title": "Mine"}, headers=MERGE_PATCH).status_code == 404
        assert client.delete(address).status_code == 404
    assert [task.content.title for task in api.tasks.kept.values()] == ["Write"]


@pytest.mark.parametrize("task_id", ["2228bada-3328-4e11-b572-4ab7dbe56bec", "7", "' or 1=1 --", "%00"])
def test_a_task_that_is_not_there_is_not_found(task_id: str) -> None:
    with Api().client("ada") as client:
        assert client.get(f"{TASKS}/{task_id}").status_code == 404
