"""What every request to the tool server passes: its own address, origins, tokens, sizes, methods."""

import logging
from typing import Any

import pytest

from app.web.headers import SECURITY_HEADERS
from app.web.layers import Edge
from app.web.limits import BODY_MAX
from app.web.request_log import pseudonym
from tests.unit.app.memory import ADA
from tests.unit.app.tool_server import HEADERS, ISSUER, Tools, ask, call

DOOR = "4d87525a-8970-5af5-b6c6-26ca3e5c98ff"
METADATA = "/.well-known/oauth-protected-resource/mcp"


def test_a_client_without_token_learns_where_to_get_one() -> None:
    with Tools().client() as client:
        refused = ask(client, "tools/list")
        metadata = client.get(METADATA)
    assert refused.status_code == 401
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.headers["WWW-Authenticate"] == (
        f'Bearer realm="api", resource_metadata="https://service.test{METADATA}"'
    )
    assert metadata.json() == {
        "resource": "https://service.test/mcp",
        "authorization_servers": [ISSUER],
        "bearer_methods_supported": ["header"],
    }


def test_a_wrong_token_is_told_apart_from_none() -> None:
    with Tools().client("eve") as client:
        challenge = ask(client, "tools/list").headers["WWW-Authenticate"]
    assert 'error="invalid_token", resource_metadata=' in challenge


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://service.test", 200),
        ("https://SERVICE.test", 200),
        ("https://evil.test", 403),
        ("http://service.test", 403),
        ("https://service.test:444", 403),
        ("https://service.test.evil.test", 403),
        ("null", 403),
    ],
)
def test_a35_only_pages_of_the_own_origin_are_answered(origin: str, status: int) -> None:
    with Tools().client("ada") as client:
        assert ask(client, "tools/list", Origin=origin).status_code == status


def test_a35_who_is_no_page_sends_no_origin_and_needs_a_token_like_all() -> None:
    """The specification has 403 for an origin that is there and not ours; programs send none."""
    with Tools().client() as client:
        assert ask(client, "tools/list").status_code == 401
        assert ask(client, "tools/list", Authorization="Bearer ada").status_code == 200
        assert ask(client, "tools/list", Origin="").status_code == 403


ENVELOPE: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
NAMED = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "list_tasks"}


@pytest.mark.parametrize(
    ("named", "status"),
    [
        ({}, 200),
        ({"Mcp-Method": "tools/list"}, 400),
        ({"Mcp-Name": "delete_task"}, 400),
        ({"Mcp-Method": ""}, 400),
        ({"Mcp-Name": ""}, 400),
        ({"MCP-Protocol-Version": "2026-01-01"}, 400),
    ],
    ids=["all agree", "another method", "another tool", "no method", "no tool", "another version"],
)
def test_a35_what_the_head_says_of_a_call_must_be_what_the_body_says(named: dict[str, str], status: int) -> None:
    with Tools().client("ada") as client:
        parameters = {"name": "list_tasks", "arguments": {}, "_meta": ENVELOPE}
        answer = ask(client, "tools/call", parameters, **{**NAMED, **named})
    assert answer.status_code == status, answer.text
    assert ("error" in answer.json()) == (status == 400)


@pytest.mark.parametrize("host", ["a.test,b.test", "user@a.test", "a.test/x", "a.test:port", "-", "[::1]", "a b"])
def test_a_request_must_name_one_host(host: str) -> None:
    with Tools().client("ada") as client:
        assert ask(client, "tools/list", Host=host).status_code == 400


def test_behind_a_front_door_the_address_is_the_one_that_people_use() -> None:
    told = {"X-Azure-FDID": DOOR, "X-Forwarded-Host": "mcp.people.test"}
    with Tools(edge=Edge(front_door_id=DOOR)).client("ada") as client:
        assert client.get(METADATA, headers=told).json()["resource"] == "https://mcp.people.test/mcp"
        assert ask(client, "tools/list", None, **told, Origin="https://mcp.people.test").status_code == 200
        assert ask(client, "tools/list", None, **told, Origin="https://service.test").status_code == 403
        assert ask(client, "tools/list", None, **{**told, "X-Azure-FDID": "another"}).status_code == 403
        assert client.get("/health").status_code == 200


def test_without_a_front_door_nobody_writes_the_address() -> None:
    with Tools().client() as client:
        told = client.get(METADATA, headers={"X-Forwarded-Host": "evil.test"}).json()
    assert told["resource"] == "https://service.test/mcp"


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_a_stateless_server_takes_posts_alone(method: str) -> None:
    with Tools().client("ada") as client:
        answer = client.request(method, "/mcp", headers=HEADERS)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize("path", ["/mcp", "/mcp/", "/mcp/x"])
def test_every_path_of_the_protocol_needs_a_token(path: str) -> None:
    with Tools().client() as client:
        assert client.post(path, json={}).status_code == 401


def test_a_body_over_the_limit_is_refused() -> None:
    with Tools().client("ada") as client:
        answer = client.post("/mcp", content=b" " * (BODY_MAX + 1), headers=HEADERS)
        streamed = client.post("/mcp", content=(b" " * 65536 for _ in range(BODY_MAX // 65536 + 1)), headers=HEADERS)
    assert (answer.status_code, streamed.status_code) == (413, 413)


def test_a_body_that_is_no_json_is_refused_with_a_problem_document() -> None:
    with Tools().client("ada") as client:
        answer = client.post("/mcp", content=b"{}", headers={**HEADERS, "Content-Type": "text/plain"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (415, "application/problem+json")


def test_answers_have_the_security_headers_once() -> None:
    with Tools().client("ada") as client:
        for answer in (ask(client, "tools/list"), client.get(METADATA), client.get("/health")):
            assert answer.status_code == 200
            assert [len(answer.headers.get_list(name)) for name in SECURITY_HEADERS] == [1] * len(SECURITY_HEADERS)


def test_a_call_is_one_log_line_that_names_the_person_by_pseudonym(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), Tools().client("ada") as client:
        call(client, "list_tasks")
    (record,) = [record for record in caplog.records if record.name == "app.request"]
    assert (vars(record)["path"], vars(record)["subject"]) == ("/mcp", pseudonym(ADA))
