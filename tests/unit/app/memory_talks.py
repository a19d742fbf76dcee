"""Talks, a scripted language model and Telegram's ports, in memory."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from app.domain.chat import ChatMessage, ChatPage, Disclosed
from app.domain.language import Prompt
from app.domain.models import Principal
from app.domain.processing import MESSAGE_DISCLOSED, ProcessingLog
from app.domain.profiles import Plan, ProfileStore
from app.domain.purposes import Purpose
from app.domain.telegram import Line
from app.settings.reader import Secret
from app.telegram.webhook import TelegramWebhook

if TYPE_CHECKING:
    from tests.unit.app.memory import MemoryTasks


class MemoryChat:
    """The port `ChatStore` in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[tuple[Principal, UUID], ChatMessage] = {}

    async def add(self, owner: Principal, *messages: ChatMessage) -> None:
        self.kept |= {(owner, one.id): one for one in messages}

    async def page(self, owner: Principal, *, limit: int, after: UUID | None) -> ChatPage:
        own = [one for (who, _), one in self.kept.items() if who == owner]
        older = sorted((one for one in own if after is None or one.id < after), key=lambda one: one.id, reverse=True)
        return ChatPage(messages=tuple(older[:limit]), after=older[limit - 1].id if len(older) > limit else None)

    async def forget(self, owner: Principal) -> None:
        self.kept = {key: one for key, one in self.kept.items() if key[0] != owner}


@dataclass(frozen=True, kw_only=True)
class MemoryDisclosures:
    """The port `Disclosures` on what is in memory."""

    chat: MemoryChat
    processing: ProcessingLog
    profiles: ProfileStore

    async def disclose(self, owner: Principal, at: datetime, history: Mapping[Plan, int]) -> Disclosed:
        plan = (await self.profiles.get(owner)).plan
        page = await self.chat.page(owner, limit=history[plan], after=None)
        await self.processing.note(owner, Purpose.CHAT, MESSAGE_DISCLOSED, at)
        return Disclosed(plan=plan, messages=page.messages)


class FullChat(MemoryChat):
    """Keeps nothing more."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def add(self, owner: Principal, *messages: ChatMessage) -> None:
        del owner, messages
        raise self.error


HANG = "hang"


class ScriptedModel:
    """The port `LanguageModel`: each call says the next script's pieces, raises what is an error, waits at `HANG`."""

    name = "scripted"

    def __init__(self, *scripts: Sequence[str | Exception]) -> None:
        self.scripts = list(scripts)
        self.prompts: list[Prompt] = []
        self.started = asyncio.Event()
        self.ended = 0

    async def answer(self, prompt: Prompt) -> AsyncGenerator[str]:
        self.prompts.append(prompt)
        number = min(len(self.prompts), len(self.scripts))
        script = self.scripts[number - 1] if self.scripts else (f"You said: {prompt.said[-1][1]}",)
        try:
            for step in script:
                self.started.set()
                if isinstance(step, Exception):
                    raise step
                if step is HANG:
                    await asyncio.Event().wait()
                yield step
        finally:
            self.ended += 1


@dataclass
class MemoryTelegram:
    """The ports of the webhook and of the work on updates; `handled` has ids of updates whose work is done."""

    secret: str = "shown"
    updates: dict[int, Line] = field(default_factory=dict[int, Line])
    handled: set[int] = field(default_factory=set[int])
    links: dict[Principal, tuple[str, datetime, int | None]] = field(
        default_factory=dict[Principal, tuple[str, datetime, int | None]]
    )
    replies: list[Line] = field(default_factory=list[Line])
    tasks: "MemoryTasks | None" = None

    def webhook(self, now: Callable[[], datetime]) -> TelegramWebhook:
        return TelegramWebhook(secret=Secret(self.secret), updates=self, links=self, now=now)

    async def keep(self, update_id: int, line: Line, now: datetime) -> None:
        del now
        if update_id not in self.handled:
            self.updates.setdefault(update_id, line)

    async def offer(self, owner: Principal, code: str, now: datetime) -> None:
        self.links[owner] = (code, now, None)

    async def remove(self, owner: Principal) -> None:
        self.links.pop(owner, None)

    async def send(self, line: Line) -> None:
        self.replies.append(line)

    @asynccontextmanager
    async def open(self) -> AsyncGenerator["MemoryDesk"]:
        assert self.tasks is not None
        yield MemoryDesk(self, self.tasks)


class MemoryDesk:
    """The port `TelegramDesk`."""

    def __init__(self, telegram: MemoryTelegram, tasks: "MemoryTasks") -> None:
        self.tasks = tasks
        self._telegram = telegram

    async def take(self, update_id: int) -> Line | None:
        self._telegram.handled.add(update_id)
        return self._telegram.updates.pop(update_id, None)

    async def link(self, code: str, chat: int, *, offered_after: datetime) -> bool:
        for owner, (known, at, linked) in self._telegram.links.items():
            if known == code and linked is None and at > offered_after:
                self._telegram.links[owner] = (known, at, chat)
                return True
        return False

    async def person(self, chat: int) -> Principal | None:
        return next((owner for owner, (_, _, linked) in self._telegram.links.items() if linked == chat), None)
