"""Talks in PostgreSQL, what was said in them sealed. Every statement is constant text and names its owner."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from app.domain.chat import ChatMessage, ChatPage, Disclosed
from app.domain.language import Author
from app.domain.models import Principal
from app.domain.processing import MESSAGE_DISCLOSED
from app.domain.profiles import Plan
from app.domain.purposes import Purpose
from app.domain.sealing import Sealer
from app.storage.database import OwnSight
from app.storage.keyset import below
from app.storage.processing import NOTE_SEEN, entry_values
from app.storage.sight import SEEN

_COLUMNS: Final = "id, author, content, model, partial, created_at"
_ADD: Final = (
    f"with {SEEN} insert into chat_messages (issuer, subject, {_COLUMNS}) "  # noqa: S608 - constants
    "select seen.issuer, seen.subject, $3, $4, $5, $6, $7, $8 from seen"
)
_PAGE: Final = (
    f"select {_COLUMNS} from chat_messages where issuer = $1 and subject = $2 "  # noqa: S608 - constants
    "and id < $3 order by id desc limit $4"
)
# One trip for what a message needs. A statement that changes rows runs to its end though nothing reads what it gives
# (PostgreSQL, "Data-Modifying Statements in WITH"), and the one row of the plan is there without any message.
_DISCLOSE: Final = (
    f"with {SEEN}, noted as ({NOTE_SEEN}) select paid.plan, said.* from seen "  # noqa: S608 - constants
    "left join lateral (select plan from profiles where (issuer, subject) = (seen.issuer, seen.subject) limit 1) paid "
    f"on true left join lateral (select {_COLUMNS} from chat_messages "
    "where (issuer, subject) = (seen.issuer, seen.subject) "
    "order by id desc limit ($8::jsonb ->> coalesce(paid.plan, 'free'))::int) said on true order by said.id desc"
)
_FORGET: Final = "delete from chat_messages where issuer = $1 and subject = $2"


def chat_place(message_id: UUID) -> str:
    """Return the place that the content of a message is sealed for."""
    return f"chat_messages|content|{message_id}"


class PostgresChat:
    """The ports `ChatStore` and `Disclosures` on PostgreSQL."""

    def __init__(self, database: OwnSight, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def add(self, owner: Principal, *messages: ChatMessage) -> None:
        """Keep messages, all of them or none. They are sealed before a connection is borrowed."""
        rows = [
            (
                *(owner.issuer, owner.subject, one.id, one.author),
                await self._sealer.seal(owner, chat_place(one.id), one.content),
                *(one.model, one.partial, one.created_at),
            )
            for one in messages
        ]
        async with self._database.unsighted() as connection:
            await connection.executemany(_ADD, rows)  # one transaction, says asyncpg

    async def page(self, owner: Principal, *, limit: int, after: UUID | None) -> ChatPage:
        """Return a page by key: as fast on the last page as on the first."""
        async with self._database.connection(owner) as connection:
            rows = await connection.fetch(_PAGE, owner.issuer, owner.subject, below(after), limit + 1)
        messages = await self._messages(owner, rows[:limit])
        return ChatPage(messages=messages, after=messages[-1].id if len(rows) > limit else None)

    async def disclose(self, owner: Principal, at: datetime, history: Mapping[Plan, int]) -> Disclosed:
        """Note that the model is told, and return what, by one statement."""
        entry = entry_values(owner, Purpose.CHAT, MESSAGE_DISCLOSED, at)
        async with self._database.unsighted() as connection:
            rows = await connection.fetch(_DISCLOSE, *entry, msgspec.json.encode(history).decode())
        messages = await self._messages(owner, [row for row in rows if row["id"]])
        return Disclosed(plan=Plan(rows[0]["plan"] or Plan.FREE), messages=messages)

    async def forget(self, owner: Principal) -> None:
        """Delete everything that was said."""
        async with self._database.connection(owner) as connection:
            await connection.execute(_FORGET, owner.issuer, owner.subject)

    async def _messages(self, owner: Principal, rows: Sequence[Any]) -> tuple[ChatMessage, ...]:
        # One after another: the first waits for the person's key, the others find it, and a task each would cost more.
        return tuple([await self._message(owner, row) for row in rows])

    async def _message(self, owner: Principal, row: Any) -> ChatMessage:
        return ChatMessage(
            id=row["id"],
            author=Author(row["author"]),
            content=await self._sealer.unseal(owner, chat_place(row["id"]), row["content"]),
            model=row["model"],
            partial=row["partial"],
            created_at=row["created_at"],
        )
