"""What a caller writes is in no log line and in no span, however the request fails."""

import json
import logging

import pytest

from app.domain.errors import Unavailable
from app.logs import JsonLines
from app.telemetry.spans import Span, Tracer
from tests.unit.app.memory import ADA, Api, BrokenTasks, MemoryTasks

TASKS = "/api/v1/tasks"
CANARIES = ("canary@example.com", "canary-token", "canary-key", "canary-note")
SENT = {
    "Api-Key": "canary-key",
    "Cookie": "session=canary-token",
    "From": "canary@example.com",
    "User-Agent": "canary-note",
    "X-Request-Id": "canary-key",
    "traceparent": "canary-token",
    "tracestate": "canary=canary-token",
}
BODY = {"title": "canary-note", "email": "canary@example.com"}
JSON = "application/json"

FAILURES: dict[str, tuple[str, str, dict[str, str], bytes, int]] = {
    "an unknown token": ("GET", TASKS, {"Authorization": "Bearer canary-token"}, b"", 401),
    "a token in the query": ("GET", f"{TASKS}?access_token=canary-token", {}, b"", 400),
    "no such path": ("GET", "/canary@example.com/canary-token", {}, b"", 404),
    "no such task": ("GET", f"{TASKS}/canary-note", {}, b"", 404),
    "a wrong method": ("PUT", f"{TASKS}/canary-note", {}, b"", 405),
    "a wrong media type": ("POST", TASKS, {"Content-Type": "canary-note/canary-key"}, b"canary-note", 415),
    "a body that is too long": (
        "POST",
        TASKS,
        {"Content-Length": "9999999", "Content-Type": JSON},
        b"canary-note",
        413,
    ),
    "a broken body": ("POST", TASKS, {"Content-Type": JSON}, b'{"canary-note"', 400),
    "an unknown member": ("POST", TASKS, {"Content-Type": JSON}, json.dumps(BODY).encode(), 422),
    "a wrong parameter": ("GET", f"{TASKS}?limit=canary-note&email=canary@example.com", {}, b"", 422),
    "a broken store": ("GET", f"{TASKS}/00000000-0000-0000-0000-000000000001", {}, b"", 500),
    "a store that does not answer": ("GET", f"{TASKS}/00000000-0000-0000-0000-000000000001", {}, b"", 503),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_request_that_fails_leaves_nothing_of_its_caller(failure: str, caplog: pytest.LogCaptureFixture) -> None:
    method, path, headers, body, status = FAILURES[failure]
    error = {500: ValueError("invalid: canary@example.com"), 503: Unavailable("canary-key")}.get(status)
    spans: list[Span] = []
    api = Api(tasks=BrokenTasks(error) if error else MemoryTasks(), tracer=Tracer(percent=100, sink=spans.append))
    with caplog.at_level(logging.INFO), api.client("ada") as client:
        answer = client.request(
            method, f"{path}{'&' if '?' in path else '?'}q=canary-key", headers=SENT | headers, content=body
        )
    assert answer.status_code == status
    ours = [record for record in caplog.records if not record.name.startswith("httpx")]  # the client's own log
    told = "\n".join(JsonLines().format(record) for record in ours) + repr(spans)
    assert "app.request" in told
    assert len(spans) == 1
    assert [canary for canary in (*CANARIES, ADA.issuer) if canary in told] == []
