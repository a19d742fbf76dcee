"""Language models and the bot's API as the embedded cloud plays them, by the forms of their own documentation."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientPayloadError, ClientSession, ServerDisconnectedError, TCPConnector

from localazure.planes.third_parties import HOSTS, Strike, ThirdParties, Trouble
from localazure.planes.tls import CertificateAuthority

OPENAI = {"Host": "api.openai.com", "Authorization": "Bearer k"}
ANTHROPIC = {"Host": "api.anthropic.com", "x-api-key": "k", "anthropic-version": "2023-06-01"}
TELEGRAM = {"Host": "api.telegram.org"}
HELLO = [{"role": "user", "content": "What is 2 + 3?"}]
ANSWER = "This is message 1 of our talk. 2 + 3 makes 5. You said: What is 2 + 3?"


@dataclass(frozen=True, kw_only=True)
class Scene:
    parties: ThirdParties
    http: ClientSession

    async def post(self, path: str, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
        async with self.http.post(path, json=body, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncGenerator[Scene]:
    authority, parties = CertificateAuthority(tmp_path), ThirdParties()
    port = await parties.start(authority.server_context(*HOSTS))
    context = ssl.create_default_context(cafile=authority.bundle)
    async with ClientSession(f"https://127.0.0.1:{port}", connector=TCPConnector(ssl=context)) as http:
        yield Scene(parties=parties, http=http)
    await parties.stop()


async def test_openai_answers_with_a_document(scene: Scene) -> None:
    body = {"model": "m", "messages": [{"role": "developer", "content": "i"}, *HELLO]}
    status, document = await scene.post("/v1/chat/completions", body, OPENAI)
    assert (status, document["object"], document["model"]) == (200, "chat.completion", "m")
    [choice] = document["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == (ANSWER, "stop")


async def test_anthropic_answers_with_a_document(scene: Scene) -> None:
    body = {"model": "m", "max_tokens": 100, "messages": HELLO}
    status, document = await scene.post("/v1/messages", body, ANTHROPIC)
    assert (status, document["type"], document["stop_reason"]) == (200, "message", "end_turn")
    assert document["content"] == [{"type": "text", "text": ANSWER}]
    bearer = {**ANTHROPIC, "x-api-key": "", "Authorization": "Bearer k"}
    assert (await scene.post("/v1/messages", body, bearer))[0] == 200


@pytest.mark.parametrize(
    ("headers", "body", "told"),
    [
        ({**OPENAI, "Authorization": ""}, {}, (401, None, "invalid_api_key")),
        ({**OPENAI, "Authorization": "Bearer "}, {}, (401, None, "invalid_api_key")),
        (OPENAI, [], (400, None, None)),
        (OPENAI, {"messages": HELLO}, (400, "model", None)),
        (OPENAI, {"model": "m"}, (400, "messages", None)),
        (OPENAI, {"model": "m", "messages": ["x"]}, (400, "messages", None)),
        (OPENAI, {"model": "m", "messages": [{"role": "owl", "content": "x"}]}, (400, "messages[0].role", None)),
        (OPENAI, {"model": "m", "messages": [{"role": "user", "content": 7}]}, (400, "messages[0].content", None)),
        (OPENAI, {"model": "m", "messages": [{"role": "system", "content": "x"}]}, (400, "messages", None)),
        (OPENAI, {"model": "m", "messages": HELLO, "max_completion_tokens": 0}, (400, "max_completion_tokens", None)),
    ],
)
async def test_openai_refuses_in_its_own_form(
    scene: Scene, headers: dict[str, str], body: Any, told: tuple[int, str | None, str | None]
) -> None:
    status, document = await scene.post("/v1/chat/completions", body, headers)
    assert (status, document["error"]["param"], document["error"]["code"]) == told


@pytest.mark.parametrize(
    ("headers", "body", "status", "message"),
    [
        ({**ANTHROPIC, "x-api-key": ""}, {}, 401, "x-api-key"),
        ({**TELEGRAM, "Host": "api.anthropic.com", "x-api-key": "k"}, {}, 400, "version"),
        (ANTHROPIC, [], 400, "not valid JSON"),
        (ANTHROPIC, {"max_tokens": 1, "messages": HELLO}, 400, "model"),
        (ANTHROPIC, {"model": "m", "messages": HELLO}, 400, "max_tokens"),
        (ANTHROPIC, {"model": "m", "max_tokens": 1, "messages": []}, 400, "at least one"),
        (
            ANTHROPIC,
            {"model": "m", "max_tokens": 1, "messages": [{"role": "assistant", "content": "x"}]},
            400,
            "first message",
        ),
        (
            ANTHROPIC,
            {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": " "}]},
            400,
            "non-empty",
        ),
    ],
)
async def test_anthropic_refuses_in_its_own_form(
    scene: Scene, headers: dict[str, str], body: Any, status: int, message: str
) -> None:
    answered, document = await scene.post("/v1/messages", body, headers)
    kind = "invalid_request_error" if status == 400 else "authentication_error"
    assert (answered, document["type"], document["error"]["type"]) == (status, "error", kind)
    assert message in document["error"]["message"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/botx/sendMessage", {}, 401),
        ("/bot1:x/sendMessage", {"text": "t"}, 400),
        ("/bot1:x/sendMessage", {"chat_id": 7, "text": " "}, 400),
        ("/bot1:x/sendMessage", {"chat_id": 7, "text": "t" * 4097}, 400),
        ("/bot1:x/sendMessage", [], 400),
    ],
)
async def test_telegram_refuses_in_its_own_form(scene: Scene, path: str, body: Any, status: int) -> None:
    answered, document = await scene.post(path, body, TELEGRAM)
    assert (answered, document["ok"], document["error_code"]) == (status, False, status)


async def test_telegram_keeps_the_last_twenty_texts_of_a_chat(scene: Scene) -> None:
    for number in range(22):
        status, document = await scene.post("/bot1:x/sendMessage", {"chat_id": 7, "text": str(number)}, TELEGRAM)
        assert (status, document["ok"], document["result"]["text"]) == (200, True, str(number))
    assert scene.parties.status()["telegram"] == {"7": [str(number) for number in range(2, 22)]}


@pytest.mark.parametrize(
    ("path", "headers"), [("/v1/models", OPENAI), ("/v1/chat/completions", {"Host": "api.example.com"})]
)
async def test_what_nobody_plays_is_not_found(scene: Scene, path: str, headers: dict[str, str]) -> None:
    async with scene.http.post(path, json={}, headers=headers) as answer:
        assert answer.status == 404


async def test_a_script_strikes_its_host_so_often_and_in_order(scene: Scene) -> None:
    body = {"model": "m", "messages": HELLO}
    scene.parties.script(
        [
            Strike(trouble=Trouble.BUSY, host="api.openai.com", seconds=3),
            Strike(trouble=Trouble.BROKEN, host="api.openai.com", times=2),
        ]
    )
    async with scene.http.post("/v1/chat/completions", json=body, headers=OPENAI) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "3")
    assert (await scene.post("/v1/messages", {**body, "max_tokens": 9}, ANTHROPIC))[0] == 200
    assert [(await scene.post("/v1/chat/completions", body, OPENAI))[0] for _ in range(3)] == [500, 500, 200]


async def test_a_document_is_cut_off_or_malformed_by_a_script(scene: Scene) -> None:
    body = {"model": "m", "messages": HELLO}
    scene.parties.script(Strike(trouble=one, host="api.openai.com") for one in (Trouble.CUT, Trouble.MALFORMED))
    with pytest.raises((ClientPayloadError, ServerDisconnectedError)):
        await scene.post("/v1/chat/completions", body, OPENAI)
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        await scene.post("/v1/chat/completions", body, OPENAI)


async def test_an_empty_script_ends_a_wait(scene: Scene) -> None:
    scene.parties.script([Strike(trouble=Trouble.SLOW, host="api.telegram.org", seconds=600)])
    sending = asyncio.create_task(scene.post("/bot1:x/sendMessage", {"chat_id": 7, "text": "t"}, TELEGRAM))
    async with asyncio.timeout(10):
        while scene.parties.calls["api.telegram.org"] == 0:  # noqa: ASYNC110 - until the server has it
            await asyncio.sleep(0.01)
        scene.parties.script([])
        assert (await sending)[0] == 200


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({"trouble": "thunder", "host": "api.openai.com"}, "trouble is 'thunder'"),
        ({"trouble": "busy", "host": "example.com"}, "host is 'example.com'"),
        ({"trouble": "busy", "host": "api.openai.com", "more": 1}, "more is no key"),
        ({"trouble": "busy", "host": "api.openai.com", "times": 0}, "times is 0"),
        ({"trouble": "busy", "host": "api.openai.com", "seconds": True}, "seconds is True"),
        ({"trouble": "busy", "host": "api.openai.com", "seconds": "1"}, "seconds is '1'"),
    ],
)
def test_a_line_that_cannot_be_used_is_refused_in_words(line: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Strike.of(line)
