"""What the product needs of a language model."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Author(StrEnum):
    """Who said it."""

    PERSON = "person"
    MODEL = "model"


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """What a model answers: what was said before, oldest first, then the question.

    `streamed` says whether somebody reads along: a provider that need not stream costs a third less.
    """

    instructions: str
    said: tuple[tuple[Author, str], ...]
    answer_tokens: int
    streamed: bool = True


class ModelFault(Exception):  # noqa: N818 - reads as what it is
    """A model did not answer, or not to the end; the message is for the log.

    Args:
        why: What happened.
        again: Whether another attempt may help.
        retry_after_s: Seconds that the provider asks to wait before it.
    """

    def __init__(self, why: str, *, again: bool, retry_after_s: float = 0) -> None:
        super().__init__(why)
        self.again = again
        self.retry_after_s = retry_after_s


class LanguageModel(Protocol):
    """Answers prompts."""

    @property
    def name(self) -> str:
        """Which model it is, in its provider's words."""
        ...

    def answer(self, prompt: Prompt) -> AsyncGenerator[str]:
        """Give an answer piece by piece; closing it ends the call.

        Raises `Unavailable` when there is no answer at all, `ModelFault` when it ends too early.
        """
        ...
