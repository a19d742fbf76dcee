"""Talks of a person with a language model, and what is kept of them."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from app.domain.errors import Invalid, Unavailable
from app.domain.identifiers import time_ordered_id
from app.domain.language import Author, LanguageModel, ModelFault
from app.domain.leaving import Leaving
from app.domain.models import Principal
from app.domain.profiles import Plan
from app.domain.prompts import policy_of, prompt_of
from app.domain.seats import Seats

QUESTION_MAX: Final = 4000
"""Characters."""
ANSWER_MAX: Final = 20_000
"""Characters: far above what the longest answer of a plan has, in case a provider does not keep to it."""


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
class Disclosed:
    """What a model is told beside the question: by the plan of who asks, what was said last, newest first."""

    plan: Plan
    messages: tuple[ChatMessage, ...]


class Disclosures(Protocol):
    """What is read of a person to tell the model, and the note of it."""

    async def disclose(self, owner: Principal, at: datetime, history: Mapping[Plan, int]) -> Disclosed:
        """Note that the model is told (`MESSAGE_DISCLOSED`), and return what: nothing is read that is not noted.

        Args:
            owner: Who asks.
            at: When.
            history: How many messages, by the plan.

        Raises:
            Erased: The person has been erased; nothing was read.
            Unavailable: It cannot be noted or read.
        """
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
    """Talks with the model.

    Args:
        store: Where they are kept.
        model: Who answers.
        now: The time in UTC.
        disclosures: What the model is told of whom.
        seats: How many may wait for an answer.
        leaving: When it all ends.
    """

    store: ChatStore
    model: LanguageModel
    now: Callable[[], datetime]
    disclosures: Disclosures
    seats: Seats = field(default_factory=Seats)
    leaving: Leaving = field(default_factory=Leaving)

    async def ask(self, person: Principal, text: str, *, streamed: bool = True) -> AsyncGenerator[Piece | Exchange]:
        """Give the pieces of an answer, at last the exchange as it is kept.

        Args:
            person: Who asks.
            text: The question.
            streamed: Whether the pieces are read as they come; else there is one piece, the whole answer.

        A question is kept with its answer, also with one that was cut by a fault or by the end of the process; without
        one nothing is kept of what was said. That the model is told is noted before it is, so that it never is without.

        Raises:
            Erased: The person has been erased; the model was not told.
            Invalid: The question breaks a rule.
            TooMany: The person waits for as many answers as one may.
            Unavailable: The model gave nothing, or what is said cannot be read, kept or noted, or too many wait.
        """
        question = _message(Author.PERSON, question_of(text), at=self.now())
        # Before the database is asked: who is refused costs nothing.
        with self.seats.take(person):
            async with aclosing(self._answer(person, question, streamed=streamed)) as said:
                async for one in said:
                    yield one

    async def _answer(
        self, person: Principal, question: ChatMessage, *, streamed: bool
    ) -> AsyncGenerator[Piece | Exchange]:
        history = {plan: policy_of(person, plan).history_messages for plan in Plan}
        told = await self.disclosures.disclose(person, question.created_at, history)
        policy = policy_of(person, told.plan)
        pieces: list[str] = []
        length, partial = 0, False
        try:
            prompt = prompt_of(_said(told), question.content, policy, streamed=streamed)
            async with aclosing(self.model.answer(prompt)) as answer:
                while (piece := await self._next(answer)) is not None:
                    pieces.append(piece)
                    length += len(piece)
                    yield Piece(text=piece)
                    if partial := length > ANSWER_MAX:
                        break
        except (ModelFault, TimeoutError):
            partial = True
        if not "".join(pieces).strip():  # kept, it would be part of later prompts, and no provider takes a blank text
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


def question_of(text: str) -> str:
    """Return the text as a question.

    Raises:
        Invalid: It is blank or too long.
    """
    if not text.strip() or len(text) > QUESTION_MAX:
        raise Invalid("/message", f"expected 1 to {QUESTION_MAX} characters, not all of them blank")
    return text


def _said(told: Disclosed) -> list[tuple[Author, str]]:
    return [(message.author, message.content) for message in told.messages]


def _message(
    author: Author, content: str, *, at: datetime, model: str | None = None, partial: bool = False
) -> ChatMessage:
    return ChatMessage(
        id=time_ordered_id(at), author=author, content=content, model=model, partial=partial, created_at=at
    )
