"""What a language model is told, and how much, by the plan of who asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.domain.access import is_premium
from app.domain.language import Author, Prompt
from app.domain.models import Principal
from app.domain.profiles import Plan

INSTRUCTIONS: Final = (
    "You are the assistant in DigitalMe, where a person keeps their own tasks, calendar and notes. "
    "Answer briefly and in the person's language. Say so when you do not know."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatPolicy:
    """How much a plan gives the model to read and to write."""

    history_messages: int
    history_characters: int
    answer_tokens: int


FREE: Final = ChatPolicy(history_messages=10, history_characters=8_000, answer_tokens=512)
PREMIUM: Final = ChatPolicy(history_messages=40, history_characters=32_000, answer_tokens=2_048)


def policy_of(person: Principal, plan: Plan) -> ChatPolicy:
    """Return how much a person has of the model, whom this plan is kept of."""
    return PREMIUM if is_premium(person, plan) else FREE


def prompt_of(
    newest_first: Sequence[tuple[Author, str]], question: str, policy: ChatPolicy, *, streamed: bool
) -> Prompt:
    """Make the prompt of a question: as much of what was said last as the policy lets the model read."""
    said: list[tuple[Author, str]] = []
    left = policy.history_characters
    for author, content in newest_first[: policy.history_messages]:
        left -= len(content)
        if left < 0:
            break
        said.insert(0, (author, content))
    while said and said[0][0] is Author.MODEL:  # a conversation begins with a person (Anthropic, "Messages")
        del said[0]
    return Prompt(
        instructions=INSTRUCTIONS,
        said=(*said, (Author.PERSON, question)),
        answer_tokens=policy.answer_tokens,
        streamed=streamed,
    )
