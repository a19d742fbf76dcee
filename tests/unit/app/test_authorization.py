"""A18 and A19: what a person asks for in whatever way, they see and change their own things and nothing else."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from app.routes.catalog import RESOURCES
from app.web.operation import PROTECTED
from tests.unit.app.memory import ADA, Api

TASKS, EVENTS, PROFILE = "/api/v1/tasks", "/api/v1/calendar/events", "/api/v1/users/profile"
MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}
EVENT = {"title": "Ada's", "starts_at": "2026-12-01T08:00:00Z", "ends_at": "2026-12-01T09:00:00Z"}
YEAR = {"from": "2026-01-01T00:00:00Z", "to": "2026-12-31T00:00:00Z"}
ADMIN = "/api/v1/admin/"


def planted() -> tuple[Api, dict[str, str]]:
    """Make an API with a thing of Ada's for each resource; gives the address of each."""
    api = Api()
    with api.client("ada") as client:
        places = {
            TASKS: client.post(TASKS, json={"title": "Ada's"}).headers["Location"],
            EVENTS: client.post(EVENTS, json=EVENT).headers["Location"],
        }
        client.patch(PROFILE, json={"display_name": "Ada's"}, headers=MERGE_PATCH)
    return api, places


def state(api: Api) -> tuple[Any, ...]:
    return dict(api.tasks.kept), dict(api.events.kept), dict(api.profiles.kept)


@pytest.mark.parametrize(("resource", "verb"), [*itertools.product([TASKS, EVENTS], ["GET", "PATCH", "DELETE"])])
def test_a19_another_persons_thing_is_not_there_for_any_verb(resource: str, verb: str) -> None:
    api, places = planted()
    before = state(api)
    with api.client("bob") as client:
        body: dict[str, Any] = {"json": {"title": "Bob's"}} if verb == "PATCH" else {}
        for condition in ({}, {"If-Match": "*"}, {"If-Match": '"1"'}, {"If-Match": '"7"'}):
            answer = client.request(verb, places[resource], headers={**MERGE_PATCH, **condition}, **body)
            assert answer.status_code == 404
    assert state(api) == before


def test_a19_lists_files_and_profiles_hold_nothing_of_others() -> None:
    api, _ = planted()
    for token in ("bob", "root"):
        with api.client(token) as client:
            for path in (TASKS, EVENTS, f"{EVENTS}.ics", PROFILE):
                answer = client.get(path, params=YEAR)
                assert answer.status_code == 200
                assert "Ada's" not in answer.text


def protected() -> Iterator[tuple[str, str]]:
    for resource in RESOURCES:
        for one in resource.operations:
            if one.path.startswith(PROTECTED) and not one.open:
                yield one.method.upper(), one.path.replace("{", "").replace("}", "")


@pytest.mark.parametrize(("verb", "path"), [*protected()])
def test_a19_every_protected_operation_needs_a_person(verb: str, path: str) -> None:
    with Api().client() as client:
        assert client.request(verb, path).status_code == 401


@pytest.mark.parametrize(("verb", "path"), [one for one in protected() if one[1].startswith(ADMIN)])
def test_a19_every_operation_for_admins_is_refused_to_others(verb: str, path: str) -> None:
    api = Api()
    with api.client("ada") as client:
        assert client.request(verb, path).status_code == 403
    assert api.profiles.kept == {}


SQL = [
    "' or 1=1 --",
    "open' or '1'='1",
    "'; drop table tasks; --",
    "%",
    "_",
    "\\",
    "$1",
    "$$",
    "null",
    "{}",
    "[]",
    "now()",
]
TIMES = ["2026-12-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "infinity", "now()"]
ODD = ["open", "done", "OPEN", "1", "0", "-1", "1e9", "\u0663", "\0", "AAAA", "\U0001f642", "*"]
HOSTILE = st.text(max_size=40) | st.sampled_from([*SQL, *TIMES, *ODD])
FILTERS = ["status", "due_before", "due_after", "limit", "cursor", "from", "to", "sort", "order", "id", "subject"]


@pytest.fixture(scope="module")
def bob() -> Iterator[TestClient]:
    api, _ = planted()
    with api.client("bob") as client:
        yield client


@settings(max_examples=150, deadline=None)
@given(query=st.lists(st.tuples(st.sampled_from(FILTERS), HOSTILE), max_size=4))
def test_a18_no_filter_breaks_the_service_or_shows_what_is_another_persons(bob: TestClient, query: list[Any]) -> None:
    for answer in (bob.get(TASKS, params=query), bob.get(EVENTS, params=[*YEAR.items(), *query])):
        assert answer.status_code in {200, 422}, answer.text
        assert "Ada's" not in answer.text


@settings(max_examples=80, deadline=None)
@given(
    members=st.dictionaries(
        st.sampled_from([*EVENT, "notes", "location", "all_day", "time_zone", "recurrence", "excluded", "uid", "id"]),
        HOSTILE | st.none() | st.booleans() | st.integers() | st.lists(HOSTILE, max_size=2),
        max_size=4,
    )
)
def test_a18_no_member_of_an_event_breaks_the_service(bob: TestClient, members: dict[str, Any]) -> None:
    assert bob.post(EVENTS, json={**EVENT, "title": "Bob's", **members}).status_code in {201, 422}


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ({}, "abcd"),
        ({"status": "done"}, "bd"),
        ({"due_after": "2026-12-02T00:00:00Z"}, "bc"),
        ({"due_before": "2026-12-03T00:00:00Z"}, "ab"),
        ({"due_after": "2026-12-02T00:00:00Z", "due_before": "2026-12-03T02:00:00+02:00"}, "b"),
        ({"status": "open", "due_after": "2026-12-01T00:00:00Z"}, "ac"),
    ],
    ids=str,
)
def test_tasks_are_listed_by_status_and_due_time(query: dict[str, str], titles: str) -> None:
    api = Api()
    with api.client("ada") as client:
        for title, status, day in (("a", "open", 1), ("b", "done", 2), ("c", "open", 3), ("d", "done", None)):
            due = day and f"2026-12-0{day}T00:00:00Z"
            client.post(TASKS, json={"title": title, "status": status, "due": due})
        found = client.get(TASKS, params=query).json()["items"]
    assert "".join(sorted(task["title"] for task in found)) == titles
    assert {who for who, _ in api.tasks.kept} == {ADA}
