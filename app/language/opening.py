"""The language model that the settings choose."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from importlib import import_module
from typing import Final, Protocol

from app.contract import ChatProvider
from app.domain.language import LanguageModel, ModelFault, Prompt
from app.language.guarded import GuardedModel
from app.settings.groups import ChatSettings

_ADAPTERS: Final = {
    ChatProvider.ANTHROPIC: ("app.language.anthropic", "AnthropicModel"),
    ChatProvider.OPENAI: ("app.language.openai", "OpenAiModel"),
}


class Provider(LanguageModel, Protocol):
    """A model whose connections are to be closed."""

    async def close(self) -> None:
        """Close its connections."""
        ...


@asynccontextmanager
async def open_model(settings: ChatSettings) -> AsyncGenerator[LanguageModel]:
    """Open the model, guarded. Nothing is imported and nothing connects before the first question."""
    provider = LateProvider(settings)
    try:
        yield GuardedModel(provider)
    finally:
        await provider.close()


def provider_of(settings: ChatSettings) -> Provider:
    """Make the provider; the import of its SDK blocks."""
    module, name = _ADAPTERS[settings.provider]
    return getattr(import_module(module), name)(settings.model, settings.key)


class LateProvider:
    """Makes its provider at the first question, in a thread: importing an SDK takes as long as a hundred requests.

    What could not be made is made anew at the next question.

    Args:
        settings: Whose model it is.
        make: Makes the provider, in a thread.
    """

    def __init__(self, settings: ChatSettings, make: Callable[[ChatSettings], Provider] = provider_of) -> None:
        self.name = settings.model
        self._settings = settings
        self._make = make
        self._made: asyncio.Task[Provider] | None = None

    async def answer(self, prompt: Prompt) -> AsyncGenerator[str]:
        """Give an answer piece by piece, or raise `ModelFault`.

        A key that nobody has filled in is the provider's to refuse; readiness says so before anybody asks.
        """
        provider = await self._provider()
        async with aclosing(provider.answer(prompt)) as pieces:
            async for piece in pieces:
                yield piece

    async def close(self) -> None:
        """Close the connections of the provider, if there is one."""
        if self._made is not None:
            with suppress(ModelFault):
                await (await self._provider()).close()

    async def _provider(self) -> Provider:
        if self._made is None:
            self._made = asyncio.create_task(asyncio.to_thread(self._make, self._settings))
        making = self._made
        try:
            # Shielded, so that a caller who leaves does not undo what the others wait for.
            return await asyncio.shield(making)
        except Exception as error:
            if self._made is making:
                self._made = None
            raise ModelFault(f"the provider was not made: {type(error).__name__}", again=True) from error
