"""A provider that is made at the first question."""

import asyncio
from collections.abc import AsyncGenerator, Callable

import pytest

from app.contract import ChatProvider
from app.domain.language import ModelFault, Prompt
from app.language.opening import LateProvider, Provider
from app.settings.groups import ChatSettings
from app.settings.reader import Secret

SETTINGS = ChatSettings(provider=ChatProvider.OPENAI, model="m", key=Secret("k"))
PROMPT = Prompt(instructions="", said=(), answer_tokens=1)


class Echo:
    """A provider that answers its name."""

    name = "m"

    def __init__(self) -> None:
        self.closed = False

    async def answer(self, prompt: Prompt) -> AsyncGenerator[str]:  # noqa: ARG002 - it always says the same
        yield "m"

    async def close(self) -> None:
        self.closed = True


def making(*results: Provider | Exception) -> Callable[[ChatSettings], Provider]:
    """Make one after another."""
    left = [*results]

    def make(_settings: ChatSettings) -> Provider:
        result = left.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    return make


async def said(late: LateProvider) -> list[str]:
    return [piece async for piece in late.answer(PROMPT)]


async def test_a_provider_that_could_not_be_made_is_made_anew_at_the_next_question() -> None:
    late = LateProvider(SETTINGS, making(ImportError("no SDK"), Echo()))
    with pytest.raises(ModelFault, match="ImportError") as fault:
        await said(late)
    assert fault.value.again
    assert await said(late) == await said(late) == ["m"]


async def test_questions_that_wait_for_the_same_provider_share_its_failure_and_the_next_its_success() -> None:
    late = LateProvider(SETTINGS, making(ImportError("no SDK"), Echo()))
    both = await asyncio.gather(said(late), said(late), return_exceptions=True)
    assert [type(one) for one in both] == [ModelFault, ModelFault]
    assert await said(late) == ["m"]


async def test_closing_closes_a_provider_that_was_made_and_forgives_one_that_was_not() -> None:
    echo = Echo()
    late = LateProvider(SETTINGS, making(echo))
    await said(late)
    await late.close()
    assert echo.closed
    for results in ([], [ImportError("no SDK")]):
        late = LateProvider(SETTINGS, making(*results))
        question = asyncio.create_task(said(late))
        await asyncio.sleep(0)  # it has asked
        question.cancel()
        await asyncio.wait([question], timeout=10)
        await late.close()
