"""Updates of Telegram and linked chats in PostgreSQL. Codes and chats are kept as blind indexes."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from app.domain.models import Principal
from app.domain.sealing import BlindIndex
from app.domain.telegram import UPDATE_KIND, Line
from app.storage.database import Connections, Database, Transaction
from app.storage.tasks import PostgresTasks
from app.telemetry.tracing import current_traceparent
from app.wire.telegram import UpdateOrder

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "https://core.telegram.org/bots/api#update")
"""Makes the id of a message from the id of its update, so that an update which comes again is the same message."""
# One statement, so one transaction. An update that was handled is in the inbox, under the id of its message.
_KEEP: Final = """
    with kept as (
        insert into telegram_updates (id, body, received_at)
        select $1::bigint, $2::text, $3::timestamptz
        where not exists (select from inbox where message_id = $4::uuid::text)
        on conflict do nothing
        returning id
    )
    insert into outbox (id, kind, body, session, created_at, traceparent)
    select $4, $5, $6, 'telegram', $3, $7 from kept
    on conflict do nothing
"""
_TAKE: Final = "delete from telegram_updates where id = $1 returning body"
_OFFER: Final = """
    insert into telegram_links (issuer, subject, code, created_at) values ($1, $2, $3, $4)
    on conflict (issuer, subject) do update set code = excluded.code, chat = null, created_at = excluded.created_at
"""
_REMOVE: Final = "delete from telegram_links where issuer = $1 and subject = $2"
_OF_CODE: Final = """
    select issuer, subject from telegram_links where code = $1 and chat is null and created_at > $2 for update
"""
_LEAVE: Final = "delete from telegram_links where chat = $1"
_LINK: Final = "update telegram_links set chat = $2 where code = $1 and chat is null"
_OF_CHAT: Final = "select issuer, subject from telegram_links where chat = $1"
_CODE: Final = "telegram.code"
_CHAT: Final = "telegram.chat"


class _Kept(msgspec.Struct, frozen=True):
    """What is kept of an update until it is handled."""

    chat: int
    text: str


def message_id(update_id: int) -> UUID:
    """Return the id of the message that orders an update to be handled."""
    return uuid5(_NAMESPACE, str(update_id))


class PostgresTelegramUpdates:
    """The port `TelegramUpdates` on PostgreSQL."""

    def __init__(self, database: Connections) -> None:
        self._database = database

    async def keep(self, update_id: int, line: Line, now: datetime) -> None:
        """Keep an update and the message that orders it to be handled, both or neither."""
        body = msgspec.json.encode(_Kept(chat=line.chat, text=line.text)).decode()
        order = msgspec.json.encode(UpdateOrder(update=update_id)).decode()
        async with self._database.connection() as connection:
            await connection.execute(
                *(_KEEP, update_id, body, now, message_id(update_id), UPDATE_KIND, order, current_traceparent())
            )


class PostgresTelegramLinks:
    """The port `TelegramLinks` on PostgreSQL."""

    def __init__(self, database: Connections, index: BlindIndex) -> None:
        self._database = database
        self._index = index

    async def offer(self, owner: Principal, code: str, now: datetime) -> None:
        """Keep a code for a person, in the place of the code or the chat before."""
        indexed = await self._index.index(_CODE, code)
        async with self._database.connection(owner) as connection:
            await connection.execute(_OFFER, owner.issuer, owner.subject, indexed, now)

    async def remove(self, owner: Principal) -> None:
        """Forget the person's code and chat."""
        async with self._database.connection(owner) as connection:
            await connection.execute(_REMOVE, owner.issuer, owner.subject)


class PostgresTelegramDesks:
    """The port `TelegramDesks` on PostgreSQL, for a role that sees everybody's rows."""

    def __init__(self, database: Database, index: BlindIndex) -> None:
        self._database = database
        self._index = index

    @asynccontextmanager
    async def open(self) -> AsyncGenerator["PostgresTelegramDesk"]:
        """Open a desk in one transaction."""
        async with self._database.upkeep() as connection, connection.transaction():
            yield PostgresTelegramDesk(Transaction(connection), self._index)


class PostgresTelegramDesk:
    """The port `TelegramDesk` in an open transaction."""

    def __init__(self, transaction: Transaction, index: BlindIndex) -> None:
        self.tasks = PostgresTasks(transaction)
        self._transaction = transaction
        self._index = index

    async def take(self, update_id: int) -> Line | None:
        """Return an update and forget it; another worker that has it in hand is waited for."""
        async with self._transaction.upkeep() as connection:
            body = await connection.fetchval(_TAKE, update_id)
        if body is None:
            return None
        kept = msgspec.json.decode(body, type=_Kept)
        return Line(chat=kept.chat, text=kept.text)

    async def link(self, code: str, chat: int, *, offered_after: datetime) -> bool:
        """Link a chat to the person with this code; it is nobody else's from then on."""
        code_index = await self._index.index(_CODE, code)
        chat_index = await self._index.index(_CHAT, str(chat))
        async with self._transaction.upkeep() as connection:
            if await connection.fetchrow(_OF_CODE, code_index, offered_after) is None:
                return False
            await connection.execute(_LEAVE, chat_index)
            await connection.execute(_LINK, code_index, chat_index)
        return True

    async def person(self, chat: int) -> Principal | None:
        """Return whose chat it is."""
        chat_index = await self._index.index(_CHAT, str(chat))
        async with self._transaction.upkeep() as connection:
            row = await connection.fetchrow(_OF_CHAT, chat_index)
        return row and Principal(issuer=row["issuer"], subject=row["subject"])
