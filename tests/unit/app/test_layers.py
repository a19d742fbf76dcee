"""What every request passes: ids, headers, limits, tokens, problems, the log."""

import asyncio
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.domain.errors import Unavailable
from app.limits.limiter import Limiter
from app.logs import JsonLines
from app.web.checks import Check
from app.web.head_limit import FIELD_BYTES_MAX, PARAMETERS_MAX
from app.web.headers import SECURITY_HEADERS
from app.web.limits import BODY_MAX
from app.web.request_log import pseudonym
from tests.unit.app.memory import ADA, BOB, Api, BrokenTasks

TASKS = "/api/v1/tasks"
JSON = {"Content-Type": "application/json"}


async def fail() -> None:
    raise OSError("secret-host:5432 refused")


async def hang() -> None:
    await asyncio.Event().wait()


async def succeed() -> None:
    pass


ONE = f"{TASKS}/019aaf5e-0000-7000-8000-000000000000"


@dataclass(frozen=True, kw_only=True)
class Bad:
    """A request that cannot be served, and the answer."""

    token: str = "ada"
    method: str = "GET"
    path: str = TASKS
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    status: int
    slug: str


ERRORS = {
    "no token": Bad(token="", status=401, slug="unauthenticated"),
    "unknown token": Bad(token="eve", status=401, slug="unauthenticated"),
    "no token, no route": Bad(token="", path="/api/v1/nothing", status=401, slug="unauthenticated"),
    "no route": Bad(path="/api/v1/nothing", status=404, slug="not-found"),
    "no route outside": Bad(path="/nothing", status=404, slug="not-found"),
    "slash more": Bad(path="/health/", status=404, slug="not-found"),
    "method": Bad(method="PUT", status=405, slug="method-not-allowed"),
    "preflight": Bad(method="OPTIONS", path=ONE, status=405, slug="method-not-allowed"),
    "not JSON": Bad(method="POST", headers=JSON, body=b"{", status=400, slug="bad-request"),
    "invalid": Bad(method="POST", headers=JSON, body=b"{}", status=422, slug="invalid"),
    "media type": Bad(method="POST", body=b"{}", status=415, slug="unsupported-media-type"),
    "too large": Bad(method="POST", body=b" " * (BODY_MAX + 1), status=413, slug="payload-too-large"),
    "compressed": Bad(
        method="POST",
        headers={**JSON, "Content-Encoding": "gzip"},
        body=b"x",
        status=415,
        slug="unsupported-media-type",
    ),
    "head": Bad(headers={"X-Long": "x" * FIELD_BYTES_MAX}, status=431, slug="header-fields-too-large"),
    "query": Bad(path=f"{TASKS}?{'&' * PARAMETERS_MAX}", status=400, slug="bad-request"),
    "refused preflight": Bad(
        method="OPTIONS",
        headers={"Origin": "https://evil.test", "Access-Control-Request-Method": "GET"},
        status=400,
        slug="bad-request",
    ),
    "token in query": Bad(path=f"{TASKS}?access_token=ada", status=400, slug="bad-request"),
}


@pytest.mark.parametrize("bad", ERRORS.values(), ids=ERRORS)
def test_every_error_is_a_problem_document_with_the_security_headers_once(bad: Bad) -> None:
    with Api().client(bad.token) as client:
        answer = client.request(bad.method, bad.path, headers=bad.headers, content=bad.body)
    problem = answer.json()
    assert answer.status_code == problem["status"] == bad.status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["type"] == f"/docs#problem-{bad.slug}"
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"] == answer.headers["X-Request-Id"]
    assert [len(answer.headers.get_list(name)) for name in SECURITY_HEADERS] == [1] * len(SECURITY_HEADERS)


@pytest.mark.parametrize(("token", "path"), [("", "/docs"), ("ada", TASKS)])
def test_who_asks_too_often_gets_a_problem_document_with_the_security_headers_once(token: str, path: str) -> None:
    with Api(limiter=Limiter(per_person=1, per_address=1 if not token else 9)).client(token) as client:
        client.get(path)
        answer = client.get(path)
    assert (answer.status_code, answer.json()["type"]) == (429, "/docs#problem-too-many")
    assert [len(answer.headers.get_list(name)) for name in SECURITY_HEADERS] == [1] * len(SECURITY_HEADERS)


def test_a_304_has_the_security_headers_once() -> None:
    with Api().client("ada") as client:
        answer = client.get(TASKS, headers={"If-None-Match": "*"})
    assert answer.status_code == 304
    assert [len(answer.headers.get_list(name)) for name in SECURITY_HEADERS] == [1] * len(SECURITY_HEADERS)


@pytest.mark.parametrize("path", ["/health", "/health/ready", "/docs", "/openapi.json"])
def test_every_good_answer_has_the_security_headers_once(path: str) -> None:
    with Api().client() as client:
        answer = client.get(path)
    assert answer.status_code == 200
    assert [len(answer.headers.get_list(name)) for name in SECURITY_HEADERS] == [1] * len(SECURITY_HEADERS)


@pytest.mark.parametrize(("path", "allowed"), [(TASKS, "GET, HEAD, POST"), (ONE, "DELETE, GET, HEAD, PATCH")])
def test_a_wrong_method_is_told_all_the_right_ones(path: str, allowed: str) -> None:
    with Api().client("ada") as client:
        answer = client.put(path)
    assert ", ".join(sorted(answer.headers["Allow"].split(", "))) == allowed


def test_an_unforeseen_error_tells_nothing_and_is_logged_with_its_trace(caplog: pytest.LogCaptureFixture) -> None:
    with Api(tasks=BrokenTasks(RuntimeError("password=hunter2"))).client("ada") as client:
        answer = client.get(ONE)
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert "RuntimeError" not in answer.text
    assert len(answer.headers.get_list("X-Content-Type-Options")) == 1
    (record,) = [record for record in caplog.records if record.name == "app.request"]
    logged = JsonLines().format(record)
    assert "RuntimeError" in logged
    assert "memory.py" in logged
    assert "hunter2" not in logged
    assert vars(record)["request_id"] == answer.json()["instance"]


def test_a_line_says_which_part_gave_up_on_what_and_its_caller_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    error = Unavailable("down: ada@example.com")
    error.__cause__ = ConnectionRefusedError(111, "hunter2")
    with caplog.at_level(logging.INFO), Api(tasks=BrokenTasks(error)).client("ada") as client:
        answer, good = client.get(ONE), client.get(TASKS)
    assert (answer.status_code, good.status_code) == (503, 200)
    assert "ConnectionRefusedError" not in answer.text
    told, other = [vars(record) for record in caplog.records if record.name == "app.request"]
    assert told["because"] == (
        "tests.unit.app.memory.BrokenTasks.get: app.domain.errors.Unavailable < ConnectionRefusedError errno=111"
    )
    assert "because" not in other


def test_a_store_that_does_not_answer_makes_the_request_retryable() -> None:
    with Api(tasks=BrokenTasks(Unavailable("db-7 is down"))).client("ada") as client:
        answer = client.get(ONE)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "db-7" not in answer.text


def test_a_body_without_declared_length_is_cut_off_at_the_limit() -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(BODY_MAX // 65536 + 1):
            yield b" " * 65536

    with Api().client("ada") as client:
        answer = client.post(TASKS, content=endless(), headers=JSON)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("authorization", "status", "challenge"),
    [
        ([], 401, 'Bearer realm="api"'),
        (["Basic YTpi"], 401, 'Bearer realm="api"'),
        (["Bearer"], 401, 'Bearer realm="api", error="invalid_token"'),
        (["Bearer eve"], 401, 'Bearer realm="api", error="invalid_token"'),
        (["Bearer  ada"], 401, 'Bearer realm="api", error="invalid_token"'),
        (["Bearer ada", "Bearer ada"], 400, 'Bearer realm="api", error="invalid_request"'),
        (["bearer ada"], 200, None),
        (["BEARER ada"], 200, None),
    ],
)
def test_a_request_needs_one_bearer_token(authorization: list[str], status: int, challenge: str | None) -> None:
    with Api().client() as client:
        answer = client.get(TASKS, headers=[("Authorization", value) for value in authorization])
    assert (answer.status_code, answer.headers.get("WWW-Authenticate")) == (status, challenge)


@pytest.mark.parametrize(
    ("traceparent", "kept"),
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", True),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", False),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", False),
        ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", False),
        ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", False),
        ("nonsense", False),
    ],
)
def test_the_callers_trace_id_names_the_request_if_it_is_one(traceparent: str, *, kept: bool) -> None:
    with Api().client() as client:
        request_id = client.get("/health", headers={"traceparent": traceparent}).headers["X-Request-Id"]
    assert (request_id == "4bf92f3577b34da6a3ce929d0e0e4736") == kept
    assert len(request_id) == 32


def test_a_request_is_one_log_line_that_names_the_person_by_pseudonym(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), Api().client("ada") as client:
        client.get(f"{TASKS}?limit=5")
        client.get("/health")
        client.get("/health/ready")
    (record,) = [record for record in caplog.records if record.name == "app.request"]
    line = json.loads(JsonLines(replica="api--1").format(record))
    assert (line["method"], line["path"], line["status"], line["replica"]) == ("GET", TASKS, 200, "api--1")
    assert line["subject"] == pseudonym(ADA) != pseudonym(BOB)
    del line["request_id"]  # random hexadecimal digits, among which any word of such letters may be
    assert "ada" not in json.dumps(line)


def test_a_value_with_a_line_break_stays_on_its_log_line() -> None:
    record = logging.makeLogRecord({"msg": "a\nb\u2028c", "path": "/x\r\n{}"})
    assert len(JsonLines().format(record).splitlines()) == 1


def check(name: str, probe: Any, *, hard: bool) -> Check:
    return Check(name=name, hard=hard, timeout=0.05, probe=probe)


@pytest.mark.parametrize(
    ("database", "key", "status", "said"),
    [
        (succeed, succeed, 200, ("ok", "ok", "ok")),
        (succeed, fail, 200, ("degraded", "ok", "degraded")),
        (fail, succeed, 503, ("failed", "failed", "ok")),
        (hang, fail, 503, ("failed", "failed", "degraded")),
    ],
)
def test_readiness_follows_the_hard_checks_and_names_no_reason(
    database: Any, key: Any, status: int, said: tuple[str, str, str]
) -> None:
    checks = (check("database", database, hard=True), check("openai_api_key", key, hard=False))
    with Api(checks=checks).client() as client:
        answer = client.get("/health/ready")
        assert client.get("/health").status_code == 200
    overall, of_database, of_key = said
    assert answer.status_code == status
    assert answer.json() == {"status": overall, "checks": {"database": of_database, "openai_api_key": of_key}}
