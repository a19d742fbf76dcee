"""Talks of a person with a language model: what the model is told, what is kept of its answer."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from app.domain.errors import Invalid, Unavailable
from app.domain.identifiers import time_ordered_id
from app.domain.language import Author, LanguageModel, ModelFault, Prompt
from app.domain.leaving import Leaving
from app.domain.models import Principal, Role
from app.domain.seats import Seats

QUESTION_MAX: Final = 4000
"""Characters."""
ANSWER_MAX: Final = 20_000
"""Characters: far above what the longest answer of a plan has, in case a provider does not keep to it."""
INSTRUCTIONS: Final = (
    "You are the assistant in DigitalMe, where a person keeps their own tasks, calendar and notes. "
    "Answer briefly and in the person's language. Say so when you do not know."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatMessage:
    """Something that was said. `id` grows with time; `model` names who answered, `partial` an answer that was cut."""

    id: UUID
    author: Author
    content: str
    model: str | None
    partial: bool
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatPage:
    """Messages, newest first; `after` is where the next page starts, None on the last one."""

    messages: tuple[ChatMessage, ...]
    after: UUID | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatPolicy:
    """How much a plan gives the model to read and to write."""

    history_messages: int
    history_characters: int
    answer_tokens: int


FREE: Final = ChatPolicy(history_messages=10, history_characters=8_000, answer_tokens=512)
PREMIUM: Final = ChatPolicy(history_messages=40, history_characters=32_000, answer_tokens=2_048)


class ChatStore(Protocol):
    """What was said, sealed for its person. Every method may raise `Unavailable`, those that write `Erased`."""

    async def add(self, owner: Principal, *messages: ChatMessage) -> None:
        """Keep messages, all of them or none."""
        ...

    async def page(self, owner: Principal, *, limit: int, after: UUID | None) -> ChatPage:
        """Return at most `limit` messages older than the message `after`, newest first."""
        ...

    async def forget(self, owner: Principal) -> None:
        """Delete everything that was said."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """The next piece of an answer."""

    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """A question and its answer, now kept."""

    question: ChatMessage
    answer: ChatMessage


@dataclass(frozen=True, kw_only=True, slots=True)
class Chat:
    """Where talks are kept, who answers, the time in UTC, how many may wait for an answer, and when it all ends."""

    store: ChatStore
    model: LanguageModel
    now: Callable[[], datetime]
    seats: Seats = field(default_factory=Seats)
    leaving: Leaving = field(default_factory=Leaving)

    async def ask(self, person: Principal, text: str) -> AsyncGenerator[Piece | Exchange]:
        """Give the pieces of an answer, at last the exchange as it is kept.

        A question is kept with its answer, also with one that was cut by a fault or by the end of the process; without
        one nothing is kept.

        Raises:
            Invalid: The question breaks a rule.
            TooMany: The person waits for as many answers as one may.
            Unavailable: The model gave nothing, or what was said cannot be read or kept, or too many wait.
        """
        question = _message(Author.PERSON, question_of(text), at=self.now())
        # Before the database is asked: who is refused costs nothing.
        with self.seats.take(person):
            async with aclosing(self._answer(person, question)) as said:
                async for one in said:
                    yield one

    async def _answer(self, person: Principal, question: ChatMessage) -> AsyncGenerator[Piece | Exchange]:
        policy = policy_of(person)
        page = await self.store.page(person, limit=policy.history_messages, after=None)
        pieces: list[str] = []
        length, partial = 0, False
        try:
            async with aclosing(self.model.answer(prompt_of(page.messages, question.content, policy))) as answer:
                while (piece := await self._next(answer)) is not None:
                    pieces.append(piece)
                    length += len(piece)
                    yield Piece(text=piece)
                    if partial := length > ANSWER_MAX:
                        break
        except (ModelFault, TimeoutError):
            partial = True
        if not pieces:
            raise Unavailable("the model said nothing")
        # Ids of one millisecond have no order, and an answer comes after its question.
        at = max(self.now(), question.created_at + timedelta(milliseconds=1))
        kept = _message(Author.MODEL, "".join(pieces), at=at, model=self.model.name, partial=partial)
        await self.store.add(person, question, kept)
        yield Exchange(question=question, answer=kept)

    async def _next(self, answer: AsyncGenerator[str]) -> str | None:
        # The bound is on each wait: around the loop it would strike what takes the pieces.
        async with self.leaving.bound():
            return await anext(answer, None)


def policy_of(person: Principal) -> ChatPolicy:
    """Return what the person's plan allows."""
    return PREMIUM if Role.PREMIUM in person.roles else FREE


def question_of(text: str) -> str:
    """Return the text as a question.

    Raises:
        Invalid: It is blank or too long.
    """
    if not text.strip() or len(text) > QUESTION_MAX:
        raise Invalid("/message", f"expected 1 to {QUESTION_MAX} characters, not all of them blank")
    return text


def prompt_of(newest_first: Sequence[ChatMessage], question: str, policy: ChatPolicy) -> Prompt:
    """Make the prompt of a question: as much of what was said last as the policy lets the model read."""
    said: list[tuple[Author, str]] = []
    left = policy.history_characters
    for message in newest_first[: policy.history_messages]:
        left -= len(message.content)
        if left < 0:
            break
        said.insert(0, (message.author, message.content))
    while said and said[0][0] is Author.MODEL:  # a conversation begins with a person (Anthropic, "Messages")
        del said[0]
    return Prompt(
        instructions=INSTRUCTIONS, said=(*said, (Author.PERSON, question)), answer_tokens=policy.answer_tokens
    )


def _message(
    author: Author, content: str, *, at: datetime, model: str | None = None, partial: bool = False
) -> ChatMessage:
    return ChatMessage(
        id=time_ordered_id(at), author=author, content=content, model=model, partial=partial, created_at=at
    )
