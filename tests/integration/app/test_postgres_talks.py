"""Talks, updates and links in a real PostgreSQL, as the roles of the API and of the worker."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from app.domain.chat import Chat, Disclosed, Exchange
from app.domain.errors import Erased
from app.domain.models import Principal
from app.domain.profiles import Plan, grant
from app.domain.telegram import HELP, LINKED, UNLINKED, Line
from app.jobs.migrate import DatabaseRole, migrate
from app.storage.chat import PostgresChat
from app.storage.connection import Connection
from app.storage.database import Database, Transaction
from app.storage.processing import PostgresProcessingLog
from app.storage.profiles import PostgresProfiles
from app.storage.sight import see
from app.storage.tasks import PostgresTasks
from app.storage.telegram import PostgresTelegramDesks, PostgresTelegramLinks, PostgresTelegramUpdates, message_id
from app.telegram.handler import UpdateHandler
from app.telemetry.spans import SILENT
from app.telemetry.tracing import current, current_traceparent
from tests.integration.app.platform_parts import API, BACKUP_ROLE, MIGRATOR, WORKER, Platform
from tests.unit.app.memory_sealing import MemoryIndex, MemorySealer
from tests.unit.app.memory_talks import MemoryTelegram, ScriptedModel

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADA = Principal(issuer="https://one.test", subject="ada")
BOB = Principal(issuer="https://one.test", subject="bob")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Store:
    """A migrated database, by the role of the API and by that of the worker."""

    api: Database
    worker: Database

    async def rows(self, query: str) -> list[Any]:
        async with self.worker.upkeep() as connection:
            return await connection.fetch(query)


@pytest_asyncio.fixture(loop_scope="module")
async def store(platform: Platform) -> AsyncGenerator[Store]:
    name = await platform.new_database()
    services = [
        DatabaseRole(name="api", object_id=API.object_id),
        DatabaseRole(name="worker", object_id=WORKER.object_id, upkeep=True),
    ]
    await migrate(platform.login(MIGRATOR, "migrator", name), services=services, reader=BACKUP_ROLE)
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(Database.open(platform.login(API, "api", name)))
        worker = await stack.enter_async_context(Database.open(platform.login(WORKER, "worker", name)))
        yield Store(api=api, worker=worker)


def talk(store: Store, *, now: datetime = NOW) -> Chat:
    chat = PostgresChat(store.api, MemorySealer())
    return Chat(store=chat, model=ScriptedModel(), now=lambda: now, disclosures=chat)


async def exchange(chat: Chat, person: Principal, text: str) -> Exchange:
    found = [one async for one in chat.ask(person, text)]
    assert isinstance(found[-1], Exchange)
    return found[-1]


async def test_what_was_said_comes_back_newest_first_and_is_sealed_in_the_table(store: Store) -> None:
    kept = await exchange(talk(store), ADA, "Ünïcode \u2028 $1 canary")
    page = await talk(store).store.page(ADA, limit=10, after=None)
    assert page.messages == (kept.answer, kept.question)
    for row in await store.rows("select content from chat_messages"):
        assert b"canary" not in row["content"]


async def test_it_is_noted_when_the_model_is_told_and_it_is_told_nothing_of_an_erased_person(store: Store) -> None:
    model = ScriptedModel()
    chat = replace(talk(store), model=model)
    await exchange(chat, BOB, "Why?")
    [entry] = (await PostgresProcessingLog(store.api).page(BOB, limit=10, after=None)).entries
    assert (entry.purpose, entry.basis, entry.action) == ("chat", "contract", "message.disclosed")
    gone = Principal(issuer=BOB.issuer, subject=uuid4().hex)
    async with store.worker.upkeep() as connection:
        await connection.execute(
            "insert into erasures (person, id, requested_at) values (person_of($1, $2), gen_random_uuid(), now())",
            *(gone.issuer, gone.subject),
        )
    with pytest.raises(Erased):
        await exchange(chat, gone, "Who am I?")
    assert len(model.prompts) == 1


async def test_the_model_is_told_as_much_of_a_talk_as_the_plan_of_its_person_has_and_nothing_of_another(
    store: Store,
) -> None:
    for second in range(3):
        await exchange(talk(store, now=NOW + timedelta(seconds=second)), ADA, str(second))
    await exchange(talk(store), BOB, "his")
    profiles = PostgresProfiles(store.api, MemorySealer())
    await profiles.change(ADA, lambda profile: grant(profile, Plan.PREMIUM, now=NOW))
    chat, history = PostgresChat(store.api, MemorySealer()), {Plan.FREE: 1, Plan.PREMIUM: 5}
    hers, his = [await chat.disclose(who, NOW, history) for who in (ADA, BOB)]
    nobodys = await chat.disclose(replace(ADA, issuer="https://two.test"), NOW, history)
    assert hers == Disclosed(plan=Plan.PREMIUM, messages=(await chat.page(ADA, limit=5, after=None)).messages)
    assert his == Disclosed(plan=Plan.FREE, messages=(await chat.page(BOB, limit=1, after=None)).messages)
    assert nobodys == Disclosed(plan=Plan.FREE, messages=())


class OneSession(Transaction):
    """Lends one session again and again, with the sight that it has."""

    @asynccontextmanager
    async def unsighted(self) -> AsyncGenerator[Connection]:
        yield self._connection


@pytest.mark.parametrize("joins", ["enable_hashjoin", "enable_nestloop"])
async def test_what_sets_its_own_sight_sees_its_person_alone_whatever_the_session_saw_before(
    store: Store, joins: str
) -> None:
    for person in (ADA, BOB):
        await exchange(talk(store), person, person.subject)
    async with store.api.connection(BOB) as session:
        chat, history = PostgresChat(OneSession(session), MemorySealer()), {Plan.FREE: 10, Plan.PREMIUM: 10}
        async with session.transaction():
            await session.execute(f"set local {joins} = off")
            for before, person in ((BOB, ADA), (None, BOB), (ADA, BOB), (BOB, BOB)):
                await see(session, before)
                told = await chat.disclose(person, NOW, history)
                assert [one.content for one in told.messages] == [f"You said: {person.subject}", person.subject]
                assert {row["subject"] for row in await session.fetch("select * from processing_log")} == {
                    person.subject
                }


async def test_messages_are_kept_for_the_person_that_they_are_of_whatever_the_session_saw_before(store: Store) -> None:
    kept = await exchange(talk(store), BOB, "his")
    async with store.api.connection(BOB) as session:
        chat = PostgresChat(OneSession(session), MemorySealer())
        hers = (replace(kept.question, id=uuid4()), replace(kept.answer, id=uuid4()))
        await chat.add(ADA, *hers)
        assert {one.id for one in (await chat.page(BOB, limit=9, after=None)).messages} == {
            kept.question.id,
            kept.answer.id,
        }
        found = (await chat.page(ADA, limit=9, after=None)).messages
    assert sorted(found, key=lambda one: one.id) == sorted(hers, key=lambda one: one.id)


async def test_pages_of_a_talk_are_complete(store: Store) -> None:
    for second in range(3):
        await exchange(talk(store, now=NOW + timedelta(seconds=second)), ADA, str(second))
    chat = talk(store).store
    first = await chat.page(ADA, limit=4, after=None)
    last = await chat.page(ADA, limit=4, after=first.after)
    ids = [one.id for one in first.messages + last.messages]
    assert (len(ids), ids, last.after) == (6, sorted(ids, reverse=True), None)


async def test_a_talk_is_seen_and_forgotten_by_its_person_only(store: Store) -> None:
    chat = talk(store)
    await exchange(chat, ADA, "mine")
    await exchange(chat, BOB, "his")
    await chat.store.forget(BOB)
    assert (await chat.store.page(BOB, limit=10, after=None)).messages == ()
    assert len((await chat.store.page(ADA, limit=10, after=None)).messages) == 2


class Bot:
    """The webhook's store and the worker's handler on one database."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.updates = PostgresTelegramUpdates(store.api)
        self.links = PostgresTelegramLinks(store.api, MemoryIndex())
        self.telegram = MemoryTelegram()
        desks = PostgresTelegramDesks(store.worker, MemoryIndex())
        log = PostgresProcessingLog(store.worker)
        self.handler = UpdateHandler(desks=desks, replies=self.telegram, processing=log, now=lambda: NOW)

    async def say(self, number: int, text: str, *, chat: int = 7) -> list[str]:
        await self.updates.keep(number, Line(chat=chat, text=text), NOW)
        return await self.handle(number)

    async def handle(self, number: int) -> list[str]:
        before = len(self.telegram.replies)
        await self.handler.handle({"update": number})
        return [line.text for line in self.telegram.replies[before:]]

    async def titles(self, person: Principal) -> list[str]:
        page = await PostgresTasks(self.store.api).page(person, limit=10, after=None)
        return [task.content.title for task in page.tasks]


async def test_an_update_and_its_order_are_kept_once_and_the_order_holds_the_id_only(store: Store) -> None:
    updates = PostgresTelegramUpdates(store.api)
    with current(SILENT.begin("")):
        sent = current_traceparent()
        for _ in range(2):
            await updates.keep(41, Line(chat=7, text="secret"), NOW)
    assert len(await store.rows("select from telegram_updates")) == 1
    [order] = await store.rows("select id, kind, body, session, traceparent from outbox")
    assert dict(order) == {
        "id": message_id(41),
        "kind": "telegram.update",
        "body": '{"update":41}',
        "session": "telegram",
        "traceparent": sent,
    }


async def test_an_update_that_comes_again_after_its_work_is_not_kept_again(store: Store) -> None:
    updates = PostgresTelegramUpdates(store.api)
    async with store.worker.connection() as connection:  # as the worker notes a message
        await connection.execute("insert into inbox (message_id, kind) values ($1, 'x')", str(message_id(42)))
    await updates.keep(42, Line(chat=7, text="late"), NOW)
    assert await store.rows("select from telegram_updates") == []
    assert await store.rows("select from outbox") == []


async def test_a_linked_chat_keeps_tasks_of_its_person_and_the_update_is_gone(store: Store) -> None:
    bot = Bot(store)
    await bot.links.offer(ADA, "code", NOW)
    assert await bot.say(1, "/task before") == [UNLINKED]
    assert await bot.say(2, "/start code") == [LINKED]
    assert await bot.say(3, "/task Write") == ["Kept: Write"]
    assert await bot.say(4, "/tasks") == ["- Write"]
    assert await bot.say(5, "?") == [HELP]
    assert await bot.titles(ADA) == ["Write"]
    assert await store.rows("select from telegram_updates") == []


async def test_codes_and_chats_are_in_the_table_as_indexes_only(store: Store) -> None:
    bot = Bot(store)
    await bot.links.offer(ADA, "canary-code", NOW)
    await bot.say(1, "/start canary-code", chat=987654321)
    [row] = await store.rows("select * from telegram_links")
    assert b"canary" not in row["code"]
    assert b"987654321" not in row["chat"]


async def test_an_update_that_two_workers_handle_at_once_makes_one_task_and_one_reply(store: Store) -> None:
    bot = Bot(store)
    await bot.links.offer(ADA, "code", NOW)
    await bot.say(1, "/start code")
    await bot.updates.keep(2, Line(chat=7, text="/task once"), NOW)
    replies = await asyncio.gather(*(bot.handler.handle({"update": 2}) for _ in range(4)))
    assert len(replies) == 4
    assert await bot.titles(ADA) == ["once"]
    assert [line.text for line in bot.telegram.replies].count("Kept: once") == 1


async def test_a_chat_belongs_to_the_person_who_linked_it_last(store: Store) -> None:
    bot = Bot(store)
    await bot.links.offer(ADA, "hers", NOW)
    await bot.links.offer(BOB, "his", NOW)
    assert await bot.say(1, "/start hers") == [LINKED]
    assert await bot.say(2, "/start his") == [LINKED]
    await bot.say(3, "/task x")
    assert (await bot.titles(ADA), await bot.titles(BOB)) == ([], ["x"])
    await bot.links.remove(BOB)
    assert await bot.say(4, "/tasks") == [UNLINKED]


async def test_a_code_ends_the_link_before_and_is_good_for_its_time_only(store: Store) -> None:
    bot = Bot(store)
    await bot.links.offer(ADA, "one", NOW)
    await bot.say(1, "/start one")
    await bot.links.offer(ADA, "two", NOW - timedelta(minutes=15))
    assert await bot.say(2, "/tasks") == [UNLINKED]
    assert await bot.say(3, "/start two") != [LINKED]
    assert await bot.say(4, "/start one") != [LINKED]


async def test_links_are_seen_by_their_person_only(store: Store) -> None:
    await PostgresTelegramLinks(store.api, MemoryIndex()).offer(ADA, "code", NOW)
    async with store.api.connection(BOB) as connection:
        assert await connection.fetch("select from telegram_links") == []
