"""The bot in Telegram: a person's chat is linked by a code that they got here, then it keeps and lists their tasks."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from app.domain.errors import Invalid
from app.domain.models import Principal, Task, TaskStatus
from app.domain.ports import TaskStore
from app.domain.tasks import TITLE_MAX, begin, content

UPDATE_KIND: Final = "telegram.update"
"""The kind of the message that an update is waiting."""
CODE_LIFETIME: Final = timedelta(minutes=15)
TEXT_MAX: Final = 4096
"""Characters of a message (Telegram Bot API, "Message" and "sendMessage")."""
LISTED_MAX: Final = 10
READ_MAX: Final = 500
"""Tasks that are looked at to find the open ones."""
_PAGE: Final = 100

HELP: Final = "I understand:\n/task TITLE - keep a task\n/tasks - your open tasks"
UNLINKED: Final = "I do not know you yet. Ask DigitalMe for a code and send me /start CODE"
LINKED: Final = "This chat is now yours. " + HELP
CODE_UNKNOWN: Final = "This code is not, or no longer, good. Ask DigitalMe for another one."


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """What somebody wrote to the bot in a chat of their own, or what the bot says there."""

    chat: int
    text: str
    person: Principal | None = field(default=None, compare=False)
    """Whose chat it is, where that is known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkCode:
    """A code that links one chat, once."""

    code: str
    expires_at: datetime


class TelegramUpdates(Protocol):
    """Updates that wait to be handled. May raise `Unavailable`."""

    async def keep(self, update_id: int, line: Line, now: datetime) -> None:
        """Keep an update, and order that it is handled; one that was kept before is left as it is."""
        ...


class TelegramLinks(Protocol):
    """Whose chat is whose. May raise `Unavailable`, and `Erased`."""

    async def offer(self, owner: Principal, code: str, now: datetime) -> None:
        """Keep a code for a person, in the place of the code or the chat before."""
        ...

    async def remove(self, owner: Principal) -> None:
        """Forget the person's code and chat."""
        ...


class TelegramDesk(Protocol):
    """What the work on one update sees; what it changes counts at the end of the work, all of it or nothing."""

    @property
    def tasks(self) -> TaskStore:
        """The tasks of everybody, each person's by their own name."""
        ...

    async def take(self, update_id: int) -> Line | None:
        """Return an update and forget it; None when it was handled before."""
        ...

    async def link(self, code: str, chat: int, *, offered_after: datetime) -> bool:
        """Link a chat to the person with this code, unless the code is used, older or unknown."""
        ...

    async def person(self, chat: int) -> Principal | None:
        """Return whose chat it is."""
        ...


class TelegramDesks(Protocol):
    """Opens desks."""

    def open(self) -> AbstractAsyncContextManager[TelegramDesk]:
        """Open a desk; may raise `Unavailable`."""
        ...


class TelegramReplies(Protocol):
    """Sends what the bot says."""

    async def send(self, line: Line) -> None:
        """Send a text to a chat, or raise `Unavailable`."""
        ...


def new_code(now: datetime) -> LinkCode:
    """Make a code: 128 bits of letters that Telegram takes in `/start` ("Deep linking")."""
    return LinkCode(code=secrets.token_urlsafe(16), expires_at=now + CODE_LIFETIME)


async def handle_update(update_id: int, desks: TelegramDesks, now: datetime) -> Line | None:
    """Do what an update says, once however often it is ordered, and return what to reply."""
    async with desks.open() as desk:
        line = await desk.take(update_id)
        if line is None:
            return None
        person = await desk.person(line.chat)
        return Line(chat=line.chat, text=(await _reply(line, person, desk, now))[:TEXT_MAX], person=person)


async def _reply(line: Line, person: Principal | None, desk: TelegramDesk, now: datetime) -> str:
    command, _, rest = line.text.strip().partition(" ")
    if command == "/start" and rest:
        is_linked = await desk.link(rest.strip(), line.chat, offered_after=now - CODE_LIFETIME)
        return LINKED if is_linked else CODE_UNKNOWN
    if person is None:
        return UNLINKED
    if command == "/task":
        return await _keep_task(rest, person, desk.tasks, now)
    if command == "/tasks":
        return await _list_tasks(person, desk.tasks)
    return HELP


async def _keep_task(title: str, person: Principal, tasks: TaskStore, now: datetime) -> str:
    try:
        new = content(title=title.strip(), notes=None, status=TaskStatus.OPEN, due=None)
    except Invalid:
        return f"A task needs a title of 1 to {TITLE_MAX} characters: /task TITLE"
    await tasks.add(person, begin(new, now=now))
    return f"Kept: {new.title}"


async def _list_tasks(person: Principal, tasks: TaskStore) -> str:
    titles = [f"- {task.content.title}" async for task in _newest(person, tasks) if _is_open(task)]
    more = [f"and {len(titles) - LISTED_MAX} more"] if len(titles) > LISTED_MAX else []
    return "\n".join([*titles[:LISTED_MAX], *more]) or "You have no open tasks."


async def _newest(person: Principal, tasks: TaskStore) -> AsyncGenerator[Task]:
    after = None
    for _ in range(READ_MAX // _PAGE):
        page = await tasks.page(person, limit=_PAGE, after=after)
        for task in page.tasks:
            yield task
        if (after := page.after) is None:
            return


def _is_open(task: Task) -> bool:
    return task.content.status is not TaskStatus.DONE
