"""Reading the audit trail over HTTP: who may, and that it is on record itself."""

from collections.abc import Generator
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.domain.audit import AuditEvent
from app.domain.pseudonym import pseudonym
from tests.unit.app.memory import ADA, BOB, NOW, ROOT, Api

PATH = "/api/v1/admin/audit"
VERIFICATION = f"{PATH}/verification"


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def root(api: Api) -> Generator[TestClient]:
    with api.client("root") as client:
        yield client


async def keep(api: Api, *actions: str) -> None:
    for action in actions:
        await api.audit.record(
            AuditEvent(actor=ADA, action=action, object="profile", outcome="done", at=NOW, about=BOB)
        )


def seen(client: TestClient, **query: Any) -> list[tuple[int, str]]:
    answer = client.get(PATH, params={name.rstrip("_"): value for name, value in query.items()})
    assert answer.status_code == 200, answer.text
    return [(item["sequence"], item["action"]) for item in answer.json()["items"]]


async def test_an_administrator_reads_the_newest_first_and_by_pages(api: Api, root: TestClient) -> None:
    await keep(api, *(f"a.{number}" for number in range(1, 6)))
    first = root.get(PATH, params={"limit": 2}).json()
    assert [item["action"] for item in first["items"]] == ["audit.read", "a.5"]
    second = root.get(PATH, params={"limit": 3, "cursor": first["cursor"]}).json()
    assert [item["sequence"] for item in second["items"]] == [4, 3, 2]
    last = root.get(PATH, params={"limit": 3, "cursor": second["cursor"]}).json()
    assert ([item["sequence"] for item in last["items"]], last["cursor"]) == ([1], None)
    assert last["items"][0]["actor"] == pseudonym(ADA)


async def test_entries_are_found_by_who_whom_what_and_when(api: Api, root: TestClient) -> None:
    await keep(api, "plan.grant", "privacy.erase")
    assert seen(root, action="plan.grant") == [(1, "plan.grant")]
    assert len(seen(root, about=pseudonym(BOB))) == 2
    assert seen(root, actor=pseudonym(BOB)) == []
    assert seen(root, to="2026-11-23T12:00:00Z") == []
    assert len(seen(root, **{"from": "2026-11-23T13:00:00+01:00"}, action="privacy.erase")) == 1


async def test_each_look_is_on_record_with_what_was_asked_for(api: Api, root: TestClient) -> None:
    seen(root, about=pseudonym(BOB), to="2026-11-23T12:00:00Z")
    [look] = api.audit.events
    assert (look.actor, look.action, look.outcome) == (ROOT, "audit.read", "done")
    assert look.detail == {"about": pseudonym(BOB), "until": "2026-11-23T12:00:00+00:00"}
    assert root.get(VERIFICATION).status_code == 200
    assert (api.audit.events[-1].action, api.audit.events[-1].detail) == ("audit.verify", {"last": "10000"})


@pytest.mark.parametrize("path", [PATH, VERIFICATION, f"{PATH}?limit=x"])
async def test_others_are_refused_which_is_on_record(api: Api, path: str) -> None:
    with api.client("ada") as ada:
        answer = ada.get(path)
    assert (answer.status_code, answer.json()["type"]) == (403, "/docs#problem-forbidden")
    [event] = api.audit.events
    assert (event.actor, event.outcome) == (ADA, "refused")


@pytest.mark.parametrize("path", [PATH, VERIFICATION])
@pytest.mark.parametrize("token", ["ada", "root"])
async def test_a34_what_cannot_be_audited_is_refused(api: Api, path: str, token: str) -> None:
    await keep(api, "plan.grant")
    api.audit.is_down = True
    with api.client(token) as client:
        answer = client.get(path)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "plan.grant" not in answer.text


async def test_the_trail_is_verified_as_far_back_as_asked(api: Api, root: TestClient) -> None:
    await keep(api, "a", "b", "c")
    answer = root.get(VERIFICATION).json()
    assert answer == {
        "intact": True,
        "whole": True,
        "checked": 4,
        "anchors": 0,
        "head": 4,
        "hash": api.audit.entries[3].hash.hex(),
        "flaw": None,
    }
    partial = root.get(VERIFICATION, params={"last": 2}).json()
    assert (partial["checked"], partial["whole"]) == (2, False)


async def test_a_trail_that_was_changed_is_told_with_the_place(api: Api, root: TestClient) -> None:
    await keep(api, "a", "b", "c")
    del api.audit.entries[1]
    answer = root.get(VERIFICATION).json()
    assert (answer["intact"], answer["flaw"]) == (False, {"sequence": 2, "kind": "missing"})


@pytest.mark.parametrize(
    "query",
    [
        {"actor": "ada"},
        {"about": "A" * 16},
        {"action": "x" * 65},
        {"action": "a b"},
        {"from": "yesterday"},
        {"to": "2026-11-23T12:00:00"},
        {"to": "9999-12-31T23:59:59-14:00"},
        {"cursor": "0"},
        {"cursor": "9" * 19},
        {"limit": "101"},
    ],
)
def test_a_query_that_breaks_a_rule_is_refused_with_the_rule(root: TestClient, query: dict[str, str]) -> None:
    answer = root.get(PATH, params=query)
    assert answer.status_code == 422
    assert f"{next(iter(query))}: expected" in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize("last", ["0", "-1", "x", "100001"])
def test_more_than_may_be_checked_is_refused(root: TestClient, last: str) -> None:
    assert root.get(VERIFICATION, params={"last": last}).status_code == 422
