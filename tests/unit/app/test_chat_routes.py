"""Talks over HTTP, with a scripted language model."""

import asyncio
import json
from datetime import datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.domain.errors import Erased, Unavailable
from app.domain.language import Author, ModelFault
from app.domain.models import Principal, Role
from app.domain.purposes import Purpose
from tests.unit.app.memory import ADA, Api, NamedTokens
from tests.unit.app.memory_privacy import MemoryPrivacy, MemoryProcessing
from tests.unit.app.memory_talks import HANG, FullChat, ScriptedModel

ASK = "/api/v1/chat/message"
MESSAGES = "/api/v1/chat/messages"
PROCESSING = "/api/v1/privacy/processing-log"
PLAN = "/api/v1/admin/users/plan"
PROFILE = "/api/v1/users/profile"
EVENTS = {"Accept": "text/event-stream"}
CUT = ModelFault("cut", again=True)


def ask(client: TestClient, text: str = "Why?", **headers: str) -> Any:
    return client.post(ASK, json={"message": text}, headers=headers)


def events(text: str) -> list[tuple[str, Any]]:
    """Read a stream of events."""
    parts = [part.partition("\ndata: ") for part in text.split("\n\n") if part]
    return [(name.removeprefix("event: "), json.loads(data)) for name, _, data in parts]


def test_a_question_is_answered_and_both_are_kept() -> None:
    with Api().client("ada") as client:
        answer = ask(client).json()
        kept = client.get(MESSAGES).json()["items"]
    assert answer["answer"] == kept[0]
    assert answer["question"] == kept[1]["id"]
    assert [(one["author"], one["content"], one["model"], one["partial"]) for one in kept] == [
        ("model", "You said: Why?", "scripted", False),
        ("person", "Why?", None, False),
    ]


@pytest.mark.parametrize("headers", [{}, EVENTS], ids=["document", "events"])
def test_a_person_sees_that_the_model_was_told(headers: dict[str, str]) -> None:
    with Api().client("ada") as client:
        ask(client, **headers)
        [entry] = client.get(PROCESSING).json()["items"]
        assert client.get(PROCESSING, headers={"Authorization": "Bearer bob"}).json()["items"] == []
    assert (entry["purpose"], entry["action"]) == ("chat", "message.disclosed")


@pytest.mark.parametrize("headers", [{}, EVENTS], ids=["document", "events"])
def test_that_the_model_was_told_is_noted_when_it_said_nothing_and_it_is_not_told_what_cannot_be_noted(
    headers: dict[str, str],
) -> None:
    api, model = Api(model=ScriptedModel([CUT])), ScriptedModel()
    with api.client("ada") as client:
        assert ask(client, **headers).status_code == 503
        assert len(client.get(PROCESSING).json()["items"]) == 1
    deaf = Api(model=model, privacy=MemoryPrivacy(processing=FullProcessing()))
    with deaf.client("ada") as client:
        assert ask(client, **headers).status_code == 503
    assert model.prompts == []


class FullProcessing(MemoryProcessing):
    async def note(self, owner: Principal, purpose: Purpose, action: str, at: datetime) -> None:
        raise Unavailable(f"{action} of {owner.subject} for {purpose} at {at} cannot be noted")


def test_the_model_is_told_what_was_said_before_oldest_first() -> None:
    api = Api(model=ScriptedModel())
    with api.client("ada") as client:
        ask(client, "one")
        ask(client, "two")
    assert isinstance(api.model, ScriptedModel)
    assert api.model.prompts[1].said == (
        (Author.PERSON, "one"),
        (Author.MODEL, "You said: one"),
        (Author.PERSON, "two"),
    )


def test_the_model_is_told_nothing_of_another_person() -> None:
    api = Api(model=ScriptedModel())
    with api.client("ada") as client:
        ask(client, "secret")
        ask(client, "mine", Authorization="Bearer bob")
        assert len(client.get(MESSAGES, headers={"Authorization": "Bearer bob"}).json()["items"]) == 2
    assert isinstance(api.model, ScriptedModel)
    assert api.model.prompts[1].said == ((Author.PERSON, "mine"),)


def test_an_answer_comes_in_pieces_when_events_are_asked_for() -> None:
    with Api(model=ScriptedModel(["Be", "cause\n"])).client("ada") as client:
        answer = ask(client, **EVENTS)
        kept = client.get(MESSAGES).json()["items"]
    assert answer.headers["Content-Type"].partition(";")[0] == "text/event-stream"
    assert events(answer.text) == [
        ("delta", {"text": "Be"}),
        ("delta", {"text": "cause\n"}),
        ("done", {"question": kept[1]["id"], "answer": kept[0]["id"], "partial": False}),
    ]


@pytest.mark.parametrize(
    ("accept", "streams"),
    [
        ("application/json, text/event-stream", True),
        ("Text/Event-Stream;q=0.5", True),
        ("text/event-stream;q=0", False),
        ("text/event-stream; q=0.000", False),
        ("*/*", False),
    ],
)
def test_events_are_sent_to_whom_names_them(accept: str, streams: bool) -> None:  # noqa: FBT001 - a parameter of the test
    with Api().client("ada") as client:
        media_type = ask(client, Accept=accept).headers["Content-Type"].partition(";")[0]
    assert (media_type == "text/event-stream") == streams


def test_a25_an_answer_that_is_cut_off_is_kept_and_marked_partial() -> None:
    with Api(model=ScriptedModel(["Be", CUT])).client("ada") as client:
        answer = ask(client).json()["answer"]
        assert client.get(MESSAGES).json()["items"][0] == answer
    assert (answer["content"], answer["partial"]) == ("Be", True)


def test_a25_a_stream_that_is_cut_off_says_so_before_its_end() -> None:
    with Api(model=ScriptedModel(["Be", CUT])).client("ada") as client:
        [delta, error, done] = events(ask(client, **EVENTS).text)
    assert delta == ("delta", {"text": "Be"})
    assert (error[0], error[1]["status"], error[1]["type"]) == ("error", 503, "/docs#problem-unavailable")
    assert (done[0], done[1]["partial"]) == ("done", True)


@pytest.mark.parametrize("headers", [{}, EVENTS], ids=["document", "events"])
@pytest.mark.parametrize("script", [[Unavailable("no")], [CUT], []], ids=["unavailable", "cut at once", "silent"])
def test_a25_without_any_answer_nothing_is_kept_and_it_is_503(
    script: list[str | Exception], headers: dict[str, str]
) -> None:
    with Api(model=ScriptedModel(script)).client("ada") as client:
        answer = ask(client, **headers)
        assert client.get(MESSAGES).json()["items"] == []
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
    assert answer.headers["Retry-After"] == "5"


@pytest.mark.parametrize("blank", ["", " \n"])
def test_a_blank_answer_is_none_and_not_part_of_later_prompts(blank: str) -> None:
    with Api(model=ScriptedModel([blank])).client("ada") as client:
        assert ask(client).status_code == 503
        assert client.get(MESSAGES).json()["items"] == []


@pytest.mark.parametrize(("error", "status"), [(Unavailable("no"), 503), (Erased("gone"), 410)])
def test_an_answer_that_cannot_be_kept_is_an_error(error: Exception, status: int) -> None:
    with Api(chat=FullChat(error)).client("ada") as client:
        assert ask(client).status_code == status
        [_, last] = events(ask(client, **EVENTS).text)
    assert (last[0], last[1]["status"]) == ("error", status)


@pytest.mark.parametrize("message", ["", " \n", "x" * 4001, 7, None])
def test_a_question_that_breaks_a_rule_is_refused(message: Any) -> None:
    with Api().client("ada") as client:
        answer = client.post(ASK, json={"message": message})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/message")


def test_pages_follow_each_other_and_everything_can_be_forgotten() -> None:
    with Api().client("ada") as client:
        for number in range(3):
            ask(client, str(number))
        ask(client, "other", Authorization="Bearer bob")
        first = client.get(MESSAGES, params={"limit": 4}).json()
        second = client.get(MESSAGES, params={"limit": 4, "cursor": first["cursor"]}).json()
        ids = [one["id"] for one in first["items"] + second["items"]]
        assert (len(ids), ids, second["cursor"]) == (6, sorted(ids, reverse=True), None)
        assert client.delete(MESSAGES).status_code == 204
        assert client.get(MESSAGES).json()["items"] == []
        assert len(client.get(MESSAGES, headers={"Authorization": "Bearer bob"}).json()["items"]) == 2


class PremiumTokens(NamedTokens):
    async def verify(self, token: str) -> Principal:
        return Principal(issuer=ADA.issuer, subject=token, roles=frozenset({Role.PREMIUM}))


def test_premium_gives_the_model_more_to_read_and_to_write() -> None:
    api, premium = Api(model=ScriptedModel()), Api(model=ScriptedModel(), tokens=PremiumTokens())
    for one in (api, premium):
        with one.client("ada") as client:
            for number in range(8):
                ask(client, str(number))
    assert isinstance(api.model, ScriptedModel)
    assert isinstance(premium.model, ScriptedModel)
    last, longer = api.model.prompts[-1], premium.model.prompts[-1]
    assert (len(last.said), last.answer_tokens) == (11, 512)
    assert (len(longer.said), longer.answer_tokens) == (15, 2048)


def test_a_plan_that_is_given_or_taken_counts_from_the_next_question_on_with_the_same_token() -> None:
    api = Api(model=ScriptedModel())
    with api.client("ada") as client:
        for plan in ("free", "premium", "free"):
            given = {"issuer": ADA.issuer, "subject": ADA.subject, "plan": plan}
            assert client.put(PLAN, json=given, headers={"Authorization": "Bearer root"}).status_code == 204
            ask(client)
        ask(client, Authorization="Bearer bob")
    assert isinstance(api.model, ScriptedModel)
    assert [prompt.answer_tokens for prompt in api.model.prompts] == [512, 2048, 512, 512]


def test_nobody_gives_a_plan_to_themselves() -> None:
    api = Api(model=ScriptedModel())
    with api.client("ada") as client:
        given = {"issuer": ADA.issuer, "subject": ADA.subject, "plan": "premium"}
        assert client.put(PLAN, json=given).status_code == 403
        assert client.patch(PROFILE, json={"plan": "premium"}).status_code == 422
        ask(client)
    assert isinstance(api.model, ScriptedModel)
    assert api.model.prompts[0].answer_tokens == 512


async def leave_while_the_model_thinks(model: ScriptedModel, **headers: str) -> list[dict[str, Any]]:
    """Ask by ASGI, and leave as soon as the model was asked and has said what it says."""
    body = json.dumps({"message": "Why?"}).encode()
    api, sent, asked = Api(model=model), list[dict[str, Any]](), False
    named = {"authorization": "Bearer ada", "content-type": "application/json", "host": "x", **headers}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "method": "POST",
        "path": ASK,
        "raw_path": ASK.encode(),
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in named.items()],
    }

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": body}
        await model.started.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    async with api.open_state() as state:
        app = api.create()
        async with asyncio.timeout(5):
            await app({**scope, "state": dict(state)}, receive, send)
    assert api.chat.kept == {}
    return sent


@pytest.mark.parametrize("script", [[HANG], ["Be", HANG]], ids=["before the first piece", "after it"])
@pytest.mark.parametrize("headers", [{}, {"accept": "text/event-stream"}], ids=["document", "events"])
async def test_the_call_of_the_model_ends_when_the_caller_leaves(script: list[str], headers: dict[str, str]) -> None:
    model = ScriptedModel(script)
    await leave_while_the_model_thinks(model, **headers)
    assert model.ended == 1
