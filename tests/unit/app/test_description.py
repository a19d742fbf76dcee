"""The description of the API is complete and true."""

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.api import ROUTES
from app.routes.catalog import RESOURCES
from app.routes.openapi import describe
from app.web.layers import probed
from app.web.problems import SLUGS
from tests.schema_check import problems
from tests.unit.app.memory import Api
from tests.unit.app.memory_talks import ScriptedModel

TASKS = "/api/v1/tasks"
EVENTS = "/api/v1/calendar/events"
PROFILE = "/api/v1/users/profile"
PLAN = "/api/v1/admin/users/plan"
MERGE_PATCH = "application/merge-patch+json"


def assert_described(client: TestClient, method: str, path: str, template: str = "", **request: Any) -> Any:
    """Send a request, and check the answer against the description that the API itself gives."""
    description = client.get("/openapi.json").json()
    answer = client.request(method, path, **request)
    described = description["paths"][template or path][method.lower()]["responses"][str(answer.status_code)]
    for name in described.get("headers", ()):
        assert name in answer.headers
    if "content" not in described:
        assert answer.content == b""
        return answer
    media_type = answer.headers["Content-Type"].partition(";")[0]
    schema = described["content"][media_type]["schema"]
    value = answer.json() if media_type.endswith("json") else answer.text
    assert problems(value, schema, description) == []
    return answer


def test_every_route_is_described_and_nothing_else() -> None:
    all_routes = (*probed(), *ROUTES)
    routes = {(one.path, method.lower()) for one in all_routes for method in one.methods or () if method != "HEAD"}
    described = {(path, method) for path, methods in describe(RESOURCES)["paths"].items() for method in methods}
    assert described == routes


def test_the_answers_of_a_tasks_life_are_as_described() -> None:
    one = TASKS + "/{task_id}"
    with Api().client("ada") as client:
        new = {"title": "Write", "notes": "now", "due": "2026-12-01T10:00:00Z"}
        task = assert_described(client, "POST", TASKS, json=new).json()
        assert_described(client, "POST", TASKS, json={"title": "Second"})
        assert_described(client, "GET", f"{TASKS}?limit=1", TASKS)
        assert_described(client, "GET", f"{TASKS}?limit=2", TASKS)
        address = f"{TASKS}/{task['id']}"
        assert_described(client, "GET", address, one)
        headers = {"Content-Type": MERGE_PATCH}
        assert_described(client, "PATCH", address, one, json={"notes": None}, headers=headers)
        assert_described(client, "PATCH", address, one, json={"title": None}, headers=headers)
        assert_described(client, "PATCH", address, one, json={}, headers={**headers, "If-Match": '"9"'})
        assert_described(client, "PATCH", address, one, content=b"x")
        assert_described(client, "DELETE", address, one, headers={"If-Match": '"9"'})
        assert_described(client, "DELETE", address, one)
        assert_described(client, "DELETE", address, one)
        assert_described(client, "GET", f"{TASKS}?limit=x", TASKS)
        assert_described(client, "POST", TASKS, json={"title": "t", "more": 1})
        assert_described(client, "POST", TASKS, content=b"{", headers={"Content-Type": "application/json"})


def test_the_answers_of_an_events_life_are_as_described() -> None:
    one, patched = EVENTS + "/{event_id}", {"Content-Type": MERGE_PATCH}
    new = {"title": "Run", "starts_at": "2026-12-01T08:00:00Z", "ends_at": "2026-12-01T09:00:00Z"}
    with Api().client("ada") as client:
        event = assert_described(client, "POST", EVENTS, json={**new, "recurrence": "FREQ=DAILY"}).json()
        assert_described(client, "POST", EVENTS, json={**new, "recurrence": "FREQ=SECONDLY"})
        for query in ("?from=2026-12-01T00:00:00Z&to=2026-12-09T00:00:00Z&limit=3", "?limit=x", ""):
            assert_described(client, "GET", EVENTS + query, EVENTS)
        address = f"{EVENTS}/{event['id']}"
        assert_described(client, "GET", address, one)
        assert_described(client, "PATCH", address, one, json={"excluded": [new["starts_at"]]}, headers=patched)
        assert_described(client, "PATCH", address, one, json={}, headers={**patched, "If-Match": '"9"'})
        assert_described(client, "PATCH", address, one, json={"title": None}, headers=patched)
        file = assert_described(client, "GET", EVENTS + ".ics")
        calendar = {"Content-Type": "text/calendar"}
        assert_described(client, "POST", EVENTS + ".ics", content=file.content, headers=calendar)
        assert_described(client, "POST", EVENTS + ".ics", content=b"x", headers=calendar)
        assert_described(client, "POST", EVENTS + ".ics", content=b"x")
        assert_described(client, "DELETE", address, one, headers={"If-Match": '"9"'})
        assert_described(client, "DELETE", address, one)
        assert_described(client, "DELETE", address, one)


def test_the_answers_about_a_profile_are_as_described() -> None:
    patched, plan = {"Content-Type": MERGE_PATCH}, {"issuer": "i", "subject": "s", "plan": "premium"}
    api = Api()
    with api.client("ada") as client:
        assert_described(client, "GET", PROFILE)
        assert_described(client, "PATCH", PROFILE, json={"display_name": "Ada"}, headers=patched)
        assert_described(client, "PATCH", PROFILE, json={"plan": "premium"}, headers=patched)
        assert_described(client, "PATCH", PROFILE, json={}, headers={**patched, "If-Match": '"9"'})
        assert_described(client, "PUT", PLAN, json=plan)
    with api.client("root") as client:
        assert_described(client, "PUT", PLAN, json=plan)
        assert_described(client, "PUT", PLAN, json={})
        assert_described(client, "PUT", PLAN, content=b"x")


OPERATIONS = "/api/v1/operations"
STARTS: list[dict[str, Any]] = [
    {"kind": "tasks.import", "input": {"tasks": [{"title": "t", "due": "2026-12-01T10:00:00Z"}]}},
    *({}, {"kind": "tasks.import"}, {"kind": "tasks.import", "input": {}}, {"kind": "none", "input": {}}),
    {"kind": "tasks.import", "input": {"tasks": [{"title": "t"}], "more": 1}},
    {"kind": "tasks.import", "input": {"tasks": [{"title": "t"}]}, "more": 1},
    {"kind": "tasks.import", "input": {"tasks": [{"title": ""}]}},
]


@pytest.mark.parametrize("start", STARTS, ids=str)
def test_a_start_of_an_operation_is_described_as_valid_when_it_is_accepted(start: dict[str, Any]) -> None:
    with Api().client("ada") as client:
        accepted = assert_described(client, "POST", OPERATIONS, json=start).status_code == 202
        description = client.get("/openapi.json").json()
    schema = description["components"]["schemas"]["NewOperation"]
    assert (problems(start, schema, description) == []) == accepted


def test_the_answers_of_an_operation_s_life_are_as_described() -> None:
    with Api().client("ada") as client:
        key = {"Idempotency-Key": "k"}
        operation = assert_described(client, "POST", OPERATIONS, json=STARTS[0], headers=key).json()
        assert_described(client, "POST", OPERATIONS, json=STARTS[0])
        other = {"kind": "tasks.import", "input": {"tasks": [{"title": "other"}]}}
        assert assert_described(client, "POST", OPERATIONS, json=other, headers=key).status_code == 422
        assert_described(client, "GET", f"{OPERATIONS}?limit=1", OPERATIONS)
        assert_described(client, "GET", f"{OPERATIONS}?limit=x", OPERATIONS)
        assert_described(client, "GET", f"{OPERATIONS}/{operation['id']}", OPERATIONS + "/{operation_id}")
        assert_described(client, "GET", f"{OPERATIONS}/x", OPERATIONS + "/{operation_id}")


def test_the_answers_of_a_talk_are_as_described() -> None:
    ask, messages, question = "/api/v1/chat/message", "/api/v1/chat/messages", {"message": "Why?"}
    with Api().client("ada") as client:
        assert assert_described(client, "POST", ask, json=question).status_code == 200
        events = assert_described(client, "POST", ask, json=question, headers={"Accept": "text/event-stream"})
        assert "event: done" in events.text
        assert_described(client, "POST", ask, json={"message": ""})
        assert_described(client, "POST", ask, content=b"x")
        assert len(assert_described(client, "GET", messages).json()["items"]) == 4
        assert_described(client, "GET", f"{messages}?limit=0", messages)
        assert assert_described(client, "DELETE", messages).status_code == 204
    with Api(model=ScriptedModel([])).client("ada") as client:
        assert assert_described(client, "POST", ask, json=question).status_code == 503


def test_the_answers_about_telegram_are_as_described() -> None:
    webhook, link = "/api/v1/telegram/webhook", "/api/v1/users/telegram-link"
    shown = {"X-Telegram-Bot-Api-Secret-Token": "shown"}
    update = {"update_id": 1, "message": {"chat": {"id": 7, "type": "private"}, "text": "/tasks"}}
    with Api().client("ada") as client:
        assert assert_described(client, "POST", webhook, json=update, headers=shown).status_code == 200
        assert assert_described(client, "POST", webhook, json={}, headers=shown).status_code == 422
        assert assert_described(client, "POST", webhook, json=update).status_code == 403
        assert assert_described(client, "POST", link).status_code == 409
        consent = {"purpose": "telegram", "text_version": "1", "given": True}
        assert client.post("/api/v1/privacy/consents", json=consent).status_code == 201
        assert assert_described(client, "POST", link).status_code == 201
        assert assert_described(client, "DELETE", link).status_code == 204
        described = client.get("/openapi.json").json()["paths"]
    assert "security" not in described[webhook]["post"]
    assert described[link]["post"]["security"] == [{"bearer": []}]


@pytest.mark.parametrize("path", ["/health", "/health/ready", "/docs", "/openapi.json"])
def test_the_open_answers_are_as_described(path: str) -> None:
    with Api().client() as client:
        assert assert_described(client, "GET", path).status_code == 200


def test_an_answer_without_token_is_as_described() -> None:
    with Api().client() as client:
        assert assert_described(client, "GET", TASKS).status_code == 401


PATCHES: list[dict[str, Any]] = [
    *({}, {"title": "t"}, {"notes": None}, {"status": None}, {"status": "done", "due": None}),
    *({"title": None}, {"due": 7}, {"status": "lost"}, {"more": 1}, {"title": ""}, {"notes": "n" * 4001}),
]


@pytest.mark.parametrize("patch", PATCHES, ids=str)
def test_a_patch_is_described_as_valid_when_it_is_accepted(patch: dict[str, Any]) -> None:
    with Api().client("ada") as client:
        address = f"{TASKS}/{client.post(TASKS, json={'title': 't', 'notes': 'n'}).json()['id']}"
        accepted = client.patch(address, json=patch, headers={"Content-Type": MERGE_PATCH}).status_code == 200
        description = client.get("/openapi.json").json()
    schema = description["components"]["schemas"]["TaskPatch"]
    assert (problems(patch, schema, description) == []) == accepted


def test_the_page_for_people_shows_every_operation_and_problem_and_loads_nothing() -> None:
    with Api().client() as client:
        answer = client.get("/docs")
    for path, methods in describe(RESOURCES)["paths"].items():
        for method in methods:
            assert f"<h2>{method.upper()} {path}</h2>" in answer.text
    for slug in SLUGS.values():
        assert f'id="problem-{slug}"' in answer.text
    assert not re.search(r"<script|src=|href=\"(?!#)|url\(|@import", answer.text)
    links = set(re.findall(r'href="#([^"]+)"', answer.text))
    assert links <= set(re.findall(r'id="([^"]+)"', answer.text))


def test_a_parameter_that_a_list_cannot_do_without_is_described_as_required() -> None:
    parameters = describe(RESOURCES)["paths"][EVENTS]["get"]["parameters"]
    assert {one["name"] for one in parameters if one.get("required")} == {"from", "to"}


def test_what_is_kept_and_who_must_wait_is_described_with_its_header_fields() -> None:
    paths = describe(RESOURCES)["paths"]
    listed = paths[EVENTS]["get"]["responses"]
    assert [[*listed[status]["headers"]] for status in ("200", "304")] == [["ETag"]] * 2
    assert [[*listed[status]["headers"]] for status in ("429", "503")] == [["Retry-After"]] * 2
    assert [*listed["401"]["headers"]] == ["WWW-Authenticate"]
