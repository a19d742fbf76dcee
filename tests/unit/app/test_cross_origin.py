from typing import Any

import pytest
from starlette.testclient import TestClient

from app.domain.errors import Unavailable
from app.web.headers import SECURITY_HEADERS
from app.web.layers import Edge
from tests.unit.app.memory import Api, BrokenTasks

ORIGIN = "https://app.digitalmee.test"
OTHER = "https://admin.digitalmee.test:8443"
TASKS = "/api/v1/tasks"
ONE = f"{TASKS}/019aaf5e-0000-7000-8000-000000000000"
EDGE = Edge(cors_origins=(ORIGIN, OTHER))
LOOKALIKES = [
    "null",
    "*",
    "https://evil.test",
    "http://app.digitalmee.test",
    "https://APP.digitalmee.test",
    "https://app.digitalmee.test:443",
    "https://app.digitalmee.test:8443",
    "https://app.digitalmee.test/",
    "https://app.digitalmee.test.evil.test",
    "https://evil-app.digitalmee.test",
    "https://x.app.digitalmee.test",
    "https://appXdigitalmee.test",
    "https://app.digitalmee.test, https://evil.test",
    "https://admin.digitalmee.test",
]


def preflight(client: TestClient, origin: str, method: str = "PATCH", headers: str = "authorization") -> Any:
    asked = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return client.options(ONE, headers=asked)


@pytest.mark.parametrize("origin", [ORIGIN, OTHER])
def test_a16_a_page_of_a_listed_origin_may_ask_and_read(origin: str) -> None:
    with Api(edge=EDGE).client("ada") as client:
        asked, answer = preflight(client, origin), client.get(TASKS, headers={"Origin": origin})
    assert asked.status_code == 200
    assert asked.headers["Access-Control-Allow-Methods"] == "DELETE, GET, HEAD, PATCH, POST, PUT"
    assert asked.headers["Access-Control-Max-Age"] == "600"
    assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]
    for each in (asked, answer):
        assert each.headers["Access-Control-Allow-Origin"] == origin
        assert "Origin" in each.headers["Vary"]
        assert "Access-Control-Allow-Credentials" not in each.headers
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("origin", LOOKALIKES)
def test_a16_no_other_origin_may_ask_or_read(origin: str) -> None:
    with Api(edge=EDGE).client("ada") as client:
        asked, answer = preflight(client, origin), client.get(TASKS, headers={"Origin": origin})
    assert (asked.status_code, asked.headers["Content-Type"]) == (400, "application/problem+json")
    for each in (asked, answer):
        assert "Access-Control-Allow-Origin" not in each.headers
        assert "Origin" in each.headers["Vary"]


@pytest.mark.parametrize(("method", "headers"), [("TRACE", ""), ("patch", ""), ("PATCH", "x-admin"), ("PATCH", "*")])
def test_a16_a_page_may_use_listed_methods_and_headers_only(method: str, headers: str) -> None:
    with Api(edge=EDGE).client() as client:
        assert preflight(client, ORIGIN, method, headers or "authorization").status_code == 400


def test_a16_without_a_list_no_page_may_ask() -> None:
    with Api().client() as client:
        assert preflight(client, ORIGIN).status_code == 400


def test_an_answer_varies_by_origin_also_for_who_sends_none() -> None:
    with Api(edge=EDGE).client("ada") as client:
        assert "Origin" in client.get(TASKS).headers["Vary"]


@pytest.mark.parametrize(
    ("token", "error", "status"),
    [("", Unavailable("db"), 401), ("ada", RuntimeError("bug"), 500), ("ada", Unavailable("db"), 503)],
)
def test_a_page_may_read_why_it_got_nothing(token: str, error: Exception, status: int) -> None:
    with Api(edge=EDGE, tasks=BrokenTasks(error)).client(token) as client:
        answer = client.get(ONE, headers={"Origin": ORIGIN})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, ORIGIN)


@pytest.mark.parametrize("origin", [ORIGIN, "https://evil.test"])
def test_every_preflight_has_the_security_headers_once(origin: str) -> None:
    with Api(edge=EDGE).client() as client:
        answer = preflight(client, origin)
    assert [len(answer.headers.get_list(name)) for name in SECURITY_HEADERS] == [1] * len(SECURITY_HEADERS)
