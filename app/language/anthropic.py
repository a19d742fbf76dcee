"""Models of Anthropic, by its official SDK; imported only where it is the provider, as the import takes a second."""

from collections.abc import AsyncGenerator

import anthropic
import anthropic.types
import httpx2

from app.domain.language import Author, ModelFault, Prompt
from app.language.faults import told
from app.language.timeouts import CONNECT_S, SILENCE_S
from app.settings.reader import Secret


class AnthropicModel:
    """One client for the process. It never tries again by itself, follows no redirect and traces nothing."""

    def __init__(self, name: str, key: Secret) -> None:
        self.name = name
        timeout = anthropic.Timeout(SILENCE_S, connect=CONNECT_S)
        self._client = anthropic.AsyncAnthropic(
            api_key=key.value,
            http_client=anthropic.DefaultAsyncHttpxClient(follow_redirects=False, timeout=timeout),
            max_retries=0,
            open_telemetry=False,
            timeout=timeout,
        )

    async def answer(self, prompt: Prompt) -> AsyncGenerator[str]:
        """Give an answer, piece by piece if the prompt says so, or raise `ModelFault`."""
        if not prompt.streamed:
            yield await self._whole(prompt)
            return
        is_whole = False
        # While a stream is read the SDK lets through what its transport raises.
        with told(anthropic.AnthropicError, httpx2.HTTPError):
            stream = await self._client.messages.create(
                max_tokens=prompt.answer_tokens,
                messages=_messages(prompt),
                model=self.name,
                stream=True,
                system=prompt.instructions,
            )
            async with stream:
                async for event in stream:
                    is_whole = is_whole or event.type == "message_stop"
                    if event.type == "content_block_delta" and event.delta.type == "text_delta":
                        yield event.delta.text
        if not is_whole:
            raise ModelFault("the stream ended before the answer", again=True)

    async def close(self) -> None:
        """Close its connections."""
        await self._client.close()

    async def _whole(self, prompt: Prompt) -> str:
        with told(anthropic.AnthropicError, httpx2.HTTPError):
            message = await self._client.messages.create(
                max_tokens=prompt.answer_tokens,
                messages=_messages(prompt),
                model=self.name,
                system=prompt.instructions,
            )
            return "".join(block.text for block in message.content if block.type == "text")


def _messages(prompt: Prompt) -> list[anthropic.types.MessageParam]:
    messages: list[anthropic.types.MessageParam] = []
    for author, text in prompt.said:
        if author is Author.PERSON:
            messages.append({"role": "user", "content": text})
        else:
            messages.append({"role": "assistant", "content": text})
    return messages
