"""What is said about talks with a language model, as documents and as events of a stream."""

from typing import Annotated, Self
from uuid import UUID

import msgspec

from app.domain.chat import QUESTION_MAX, ChatMessage, ChatPage, Exchange
from app.domain.language import Author
from app.wire.documents import Moment, cursor_of


class NewChatMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person asks; unknown members are refused."""

    message: Annotated[str, msgspec.Meta(min_length=1, max_length=QUESTION_MAX)]


class ChatMessageDocument(msgspec.Struct, frozen=True):
    """Something that was said; `model` names who answered, `partial` an answer that its provider cut off."""

    id: UUID
    author: Author
    content: str
    model: str | None
    partial: bool
    created_at: Moment

    @classmethod
    def of(cls, message: ChatMessage) -> Self:
        """Render a message."""
        return cls(
            id=message.id,
            author=message.author,
            content=message.content,
            model=message.model,
            partial=message.partial,
            created_at=message.created_at,
        )


class ChatAnswerDocument(msgspec.Struct, frozen=True):
    """An answer; `question` is the id of what it answers."""

    question: UUID
    answer: ChatMessageDocument

    @classmethod
    def of(cls, exchange: Exchange) -> Self:
        """Render an exchange."""
        return cls(question=exchange.question.id, answer=ChatMessageDocument.of(exchange.answer))


class ChatPageDocument(msgspec.Struct, frozen=True):
    """A page of messages, newest first; `cursor` asks for the next page and is null on the last one."""

    items: list[ChatMessageDocument]
    cursor: str | None

    @classmethod
    def of(cls, page: ChatPage) -> Self:
        """Render a page."""
        return cls(items=[ChatMessageDocument.of(one) for one in page.messages], cursor=cursor_of(page.after))


class ChatDelta(msgspec.Struct, frozen=True):
    """The data of an event `delta`: the next piece of the answer."""

    text: str


class ChatDone(msgspec.Struct, frozen=True):
    """The data of the last event, `done`: the ids under which question and answer are kept."""

    question: UUID
    answer: UUID
    partial: bool

    @classmethod
    def of(cls, exchange: Exchange) -> Self:
        """Render the end of an exchange."""
        return cls(question=exchange.question.id, answer=exchange.answer.id, partial=exchange.answer.partial)
