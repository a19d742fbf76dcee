"""Where there is a Front Door, only what came through it is served."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app.contract import LIVENESS_PATH, READINESS_PATH
from app.web.front_door import FrontDoorOnly
from app.web.request_log import RequestLog

DOOR = "4d87525a-8970-5af5-b6c6-26ca3e5c98ff"


def _served(_: Request) -> PlainTextResponse:
    return PlainTextResponse("served")


def _client() -> TestClient:
    paths = (LIVENESS_PATH, READINESS_PATH, "/api/tasks")
    service = Starlette(routes=[Route(path, _served) for path in paths])
    return TestClient(RequestLog(FrontDoorOnly(service, DOOR)))


@pytest.mark.parametrize(
    ("header", "status"), [({}, 403), ({"X-Azure-FDID": "another"}, 403), ({"X-Azure-FDID": DOOR}, 200)]
)
def test_a_request_is_served_with_the_id_of_the_door_alone(header: dict[str, str], status: int) -> None:
    assert _client().get("/api/tasks", headers=header).status_code == status


@pytest.mark.parametrize("path", [LIVENESS_PATH, READINESS_PATH])
def test_probes_of_the_platform_need_no_door(path: str) -> None:
    assert _client().get(path).status_code == 200


def test_a_refusal_says_what_to_do_and_not_the_id() -> None:
    answer = _client().get("/api/tasks")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "use the public one" in answer.json()["detail"]
    assert DOOR not in answer.text
