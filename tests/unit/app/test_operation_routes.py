"""Operations over HTTP: started once, seen by their person only."""

import json
from typing import Any
from uuid import UUID

import httpx2 as httpx
import pytest
from starlette.testclient import TestClient

from app.domain.operations import KEY_MAX
from tests.unit.app.memory import ADA, NOW, Api

OPERATIONS = "/api/v1/operations"
IMPORT = {"kind": "tasks.import", "input": {"tasks": [{"title": "Write"}]}}


def start(client: TestClient, document: Any = IMPORT, *, key: str | None = None) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(OPERATIONS, json=document, headers=headers)


def test_an_operation_is_accepted_with_its_place_and_waits() -> None:
    with Api().client("ada") as client:
        answer = start(client)
        operation = answer.json()
        assert answer.status_code == 202
        assert answer.headers["Location"] == f"{OPERATIONS}/{operation['id']}"
        assert client.get(answer.headers["Location"]).json() == operation
    assert operation == {
        "id": operation["id"],
        "kind": "tasks.import",
        "status": "waiting",
        "progress": 0,
        "result": None,
        "problem": None,
        "created_at": "2026-11-23T12:00:00Z",
        "updated_at": "2026-11-23T12:00:00Z",
    }


def test_the_message_of_an_operation_holds_references_only() -> None:
    api = Api()
    with api.client("ada") as client:
        operation_id = start(client).json()["id"]
    [message] = api.operations.messages
    owner = {"issuer": ADA.issuer, "subject": ADA.subject}
    assert json.loads(message.body) == {"owner": owner, "operation": operation_id}
    assert (message.id, message.kind, message.created_at) == (UUID(operation_id), "tasks.import", NOW)
    assert ADA.subject not in message.session


def test_a8_the_same_key_and_request_is_one_operation_answered_again() -> None:
    api = Api()
    again = {"input": {"tasks": [{"notes": None, "title": "Write"}]}, "kind": "tasks.import"}
    with api.client("ada") as client:
        first, second = start(client, key="k"), start(client, again, key="k")
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    assert first.headers["Location"] == second.headers["Location"]
    assert len(api.operations.messages) == 1


def test_a8_the_same_key_for_another_request_is_refused() -> None:
    api = Api()
    other = {**IMPORT, "input": {"tasks": [{"title": "Read"}]}}
    with api.client("ada") as client:
        start(client, key="k")
        refused = start(client, other, key="k")
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "")
        assert "take a new one" in refused.json()["errors"][0]["detail"]
        assert start(client, other, key="l").status_code == 202
        assert start(client, other).status_code == 202
    with api.client("bob") as client:
        assert start(client, other, key="k").status_code == 202


@pytest.mark.parametrize("key", ["", "a b", "k" * (KEY_MAX + 1), "\u00e9"])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with Api().client("ada") as client:
        answer = client.post(OPERATIONS, json=IMPORT, headers={b"Idempotency-Key": key.encode("latin-1")})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "")


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({}, "/kind"),
        ({"kind": "tasks.lose", "input": {}}, "/kind"),
        ({"kind": "tasks.import"}, "/input"),
        ({"kind": "tasks.import", "input": []}, "/input"),
        ({"kind": "tasks.import", "input": {}}, "/input/tasks"),
        ({"kind": "tasks.import", "input": {"tasks": []}}, "/input/tasks"),
        ({"kind": "tasks.import", "input": {"tasks": [{"title": "t"}, {"title": " "}]}}, "/input/tasks/1/title"),
        ({"kind": "tasks.import", "input": {"tasks": [{"title": ""}]}}, "/input/tasks/0/title"),
        ({"kind": "tasks.import", "input": {"tasks": [{"title": "t"}], "more": 1}}, "/input/more"),
        ({**IMPORT, "owner": {}}, "/owner"),
    ],
)
def test_a_start_that_breaks_a_rule_is_refused_and_nothing_is_kept(document: Any, pointer: str) -> None:
    api = Api()
    with api.client("ada") as client:
        answer = start(client, document)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert not api.operations.kept
    assert not api.operations.messages


def test_operations_are_listed_newest_first_page_by_page() -> None:
    with Api().client("ada") as client:
        started = {start(client).json()["id"] for _ in range(3)}
        first = client.get(OPERATIONS, params={"limit": 2}).json()
        second = client.get(OPERATIONS, params={"limit": 2, "cursor": first["cursor"]}).json()
    listed = [one["id"] for one in first["items"] + second["items"]]
    assert listed == sorted(started, reverse=True)
    assert second["cursor"] is None


def test_another_person_s_operation_is_not_found() -> None:
    api = Api()
    with api.client("ada") as client:
        place = start(client).headers["Location"]
    with api.client("bob") as client:
        assert client.get(place).status_code == 404
        assert client.get(f"{OPERATIONS}/x").status_code == 404
        assert client.get(OPERATIONS).json() == {"items": [], "cursor": None}
