"""The webhook and the link of a chat, and what the bot does with an update."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from app.contract import PLACEHOLDER_SECRET
from app.domain.errors import Erased, Unavailable
from app.domain.models import TaskStatus
from app.domain.tasks import begin, content
from app.domain.telegram import CODE_LIFETIME, CODE_UNKNOWN, HELP, LINKED, UNLINKED, Line
from app.telegram.handler import UpdateHandler
from tests.unit.app.memory import ADA, BOB, NOW, Api, MemoryTasks
from tests.unit.app.memory_privacy import MemoryProcessing
from tests.unit.app.memory_talks import MemoryTelegram
from tests.unit.app.test_description import assert_described

WEBHOOK = "/api/v1/telegram/webhook"
LINK = "/api/v1/users/telegram-link"
CONSENTS = "/api/v1/privacy/consents"
SECRET = "X-Telegram-Bot-Api-Secret-Token"
SHOWN = "shown"


def update(text: str | None = "/tasks", *, number: int = 1, chat: int = 7, kind: str = "private") -> dict[str, Any]:
    """Make an update as Telegram does, with members that nobody reads."""
    message: dict[str, Any] = {"message_id": 1, "date": 1, "chat": {"id": chat, "type": kind, "first_name": "A"}}
    return {"update_id": number, "message": message if text is None else {**message, "text": text}}


def post(client: TestClient, body: Any, secret: str = SHOWN) -> Any:
    return client.post(WEBHOOK, json=body, headers={SECRET: secret} if secret else {})


def test_an_update_with_the_secret_is_kept_and_needs_no_token() -> None:
    api = Api()
    with api.client() as client:
        assert post(client, update("hello")).status_code == 200
    assert api.telegram.updates == {1: Line(chat=7, text="hello")}


def test_an_update_that_comes_again_is_200_and_kept_once() -> None:
    api = Api()
    with api.client() as client:
        assert [post(client, update(text)).status_code for text in ("first", "second")] == [200, 200]
    assert api.telegram.updates == {1: Line(chat=7, text="first")}


@pytest.mark.parametrize("secret", ["", "wrong", "shown ", "SHOWN", "show", "shown1", "sh\u00f6wn"])
def test_an_update_without_the_secret_is_refused(secret: str) -> None:
    api = Api()
    with api.client("ada") as client:  # a token of a person is no secret of Telegram
        headers = [(SECRET.encode(), secret.encode("latin-1"))]
        answer = client.post(WEBHOOK, json=update(), headers=headers)
    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "application/problem+json")
    assert api.telegram.updates == {}


@pytest.mark.parametrize("secret", ["", PLACEHOLDER_SECRET])
def test_a_webhook_whose_secret_is_missing_is_unavailable(secret: str) -> None:
    api = Api(telegram=MemoryTelegram(secret=PLACEHOLDER_SECRET))
    with api.client() as client:
        assert post(client, update(), secret).status_code == 503
    assert api.telegram.updates == {}


@pytest.mark.parametrize(
    "body",
    [update(None), update(kind="group"), update(""), {"update_id": 1}, {"update_id": 1, "edited_message": {}}],
    ids=["no text", "a group", "empty", "nothing", "something else"],
)
def test_an_update_of_no_interest_is_200_and_not_kept(body: dict[str, Any]) -> None:
    api = Api()
    with api.client() as client:
        assert post(client, body).status_code == 200
    assert api.telegram.updates == {}


@pytest.mark.parametrize("body", [{}, [], {"update_id": "1"}, {"update_id": -1}, {"update_id": 1, "message": 7}])
def test_an_update_of_another_shape_is_refused(body: Any) -> None:
    with Api().client() as client:
        assert post(client, body).status_code == 422


@pytest.mark.parametrize("path", [WEBHOOK + "/", WEBHOOK.upper(), "/api/v1/telegram", "/api/v1//telegram/webhook"])
def test_only_the_very_path_of_the_webhook_is_open(path: str) -> None:
    api = Api()
    with api.client() as client:
        assert client.post(path, json=update(), headers={SECRET: "shown"}).status_code in (401, 404)
    assert api.telegram.updates == {}


def test_a_link_needs_a_token() -> None:
    with Api().client() as client:
        assert (client.post(LINK).status_code, client.delete(LINK).status_code) == (401, 401)


class Bot:
    """The bot with a person in front of it."""

    def __init__(self, api: Api | None = None, *, chat: int = 7) -> None:
        self.api = api or Api()
        self.telegram = self.api.telegram
        self.telegram.tasks = self.api.tasks
        self.chat = chat
        self.handler = UpdateHandler(
            desks=self.telegram, replies=self.telegram, processing=self.api.privacy.processing, now=lambda: NOW
        )

    async def say(self, text: str) -> str:
        number = len(self.telegram.handled) + 1
        await self.telegram.keep(number, Line(chat=self.chat, text=text), NOW)
        before = len(self.telegram.replies)
        await self.handler.handle({"update": number})
        [reply] = self.telegram.replies[before:]
        assert reply.chat == self.chat
        return reply.text

    def consent(self, *, given: bool) -> None:
        with self.api.client("ada") as client:
            decision = {"purpose": "telegram", "text_version": "1", "given": given}
            assert client.post(CONSENTS, json=decision).status_code == 201

    def link(self) -> str:
        self.consent(given=True)
        with self.api.client("ada") as client:
            answer = client.post(LINK)
        assert answer.status_code == 201
        document = answer.json()
        assert document["command"] == f"/start {document['code']}"
        assert document["expires_at"] == (NOW + CODE_LIFETIME).isoformat().replace("+00:00", "Z")
        return document["command"]


async def test_a_chat_is_linked_by_the_code_and_keeps_and_lists_tasks() -> None:
    bot = Bot()
    assert await bot.say("/tasks") == UNLINKED
    assert await bot.say(bot.link()) == LINKED
    assert await bot.say("/tasks") == "You have no open tasks."
    assert await bot.say("/task  Buy milk ") == "Kept: Buy milk"
    done = begin(content(title="Done", notes=None, status=TaskStatus.DONE, due=None), now=NOW)
    await bot.api.tasks.add(ADA, done)
    assert await bot.say("/tasks") == "- Buy milk"
    assert await bot.say("what?") == HELP
    assert {owner for owner, _ in bot.api.tasks.kept} == {ADA}


async def test_a_code_is_good_once_and_for_a_quarter_of_an_hour() -> None:
    bot = Bot()
    command = bot.link()
    assert await bot.say(command) == LINKED
    assert await Bot(bot.api, chat=8).say(command) == CODE_UNKNOWN
    await bot.telegram.offer(BOB, "late", NOW - CODE_LIFETIME)
    assert await Bot(bot.api, chat=8).say("/start late") == CODE_UNKNOWN
    assert await Bot(bot.api, chat=8).say("/start") == UNLINKED


async def test_a_link_that_is_removed_leads_to_nobody() -> None:
    bot = Bot()
    await bot.say(bot.link())
    with bot.api.client("ada") as client:
        assert client.delete(LINK).status_code == 204
        assert client.delete(LINK).status_code == 204
    assert await bot.say("/task x") == UNLINKED
    assert bot.api.tasks.kept == {}


async def test_a_chat_is_linked_with_a_consent_alone_and_not_any_more_when_it_is_withdrawn() -> None:
    bot = Bot()
    with bot.api.client("ada") as client:
        assert assert_described(client, "POST", LINK).status_code == 409
    await bot.say(bot.link())
    bot.consent(given=False)
    assert await bot.say("/task x") == UNLINKED
    with bot.api.client("ada") as client:
        assert client.post(LINK).status_code == 409
    assert bot.telegram.links == {}


@pytest.mark.parametrize("title", ["", "  ", "x" * 201])
async def test_a_task_that_breaks_a_rule_is_told_so(title: str) -> None:
    bot = Bot()
    await bot.say(bot.link())
    assert "1 to 200 characters" in await bot.say(f"/task {title}")


async def test_many_tasks_are_listed_in_part() -> None:
    bot = Bot()
    await bot.say(bot.link())
    for number in range(13):
        await bot.say(f"/task {number}")
    listed = (await bot.say("/tasks")).splitlines()
    assert (len(listed), listed[-1]) == (11, "and 3 more")


async def test_a_person_sees_that_telegram_was_told_and_it_is_not_told_what_cannot_be_noted() -> None:
    bot = Bot()
    await bot.say(bot.link())
    await bot.say("/tasks")
    noted = [(who, entry.purpose, entry.action) for who, entry in bot.api.privacy.processing.entries]
    assert noted == [(ADA, "telegram", "reply.disclosed")]
    before = list(bot.telegram.replies)
    for number, error in enumerate((Unavailable("no"), Erased("gone")), start=9):
        bot.api.privacy.processing.error = error
        await bot.telegram.keep(number, Line(chat=7, text="/tasks"), NOW)
        await bot.handler.handle({"update": number})
    assert (bot.telegram.replies, bot.telegram.updates) == (before, {})


class SilentTelegram(MemoryTelegram):
    async def send(self, line: Line) -> None:
        raise Unavailable(f"not to {line.chat}")


async def test_a_reply_that_is_lost_costs_no_task_and_makes_no_second() -> None:
    telegram, tasks = SilentTelegram(tasks=MemoryTasks()), MemoryTasks()
    telegram.tasks = tasks
    telegram.links[ADA] = ("", NOW, 7)
    handler = UpdateHandler(desks=telegram, replies=telegram, processing=MemoryProcessing(), now=lambda: NOW)
    await telegram.keep(1, Line(chat=7, text="/task once"), NOW)
    for _ in range(2):
        await handler.handle({"update": 1})
    assert [task.content.title for task in tasks.kept.values()] == ["once"]
