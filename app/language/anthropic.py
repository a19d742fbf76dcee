"""Models of Anthropic, by its official SDK; imported only where it is the provider, as the import takes a second.

A whole answer is asked for by the SDK's own `post`, which its documentation has for requests of any kind, and only what
is of interest is read of it.
"""

from collections.abc import AsyncGenerator
from typing import Final

import anthropic
import anthropic.types
import httpx2
import msgspec

from app.domain.language import Author, ModelFault, Prompt
from app.language.faults import told
from app.language.timeouts import CONNECT_S, SILENCE_S
from app.settings.reader import Secret

_PATH: Final = "v1/messages"
_ENCODER: Final = msgspec.json.Encoder()


class _Block(msgspec.Struct):
    """A piece of what was answered, of which only texts are of interest."""

    type: str
    text: str = ""


class _Message(msgspec.Struct):
    """An answer, as far as it is read."""

    content: list[_Block]


_DECODER: Final = msgspec.json.Decoder(_Message)


class AnthropicModel:
    """One client for the process. It never tries again by itself, follows no redirect and traces nothing."""

    def __init__(self, name: str, key: Secret) -> None:
        self.name = name
        timeout = anthropic.Timeout(SILENCE_S, connect=CONNECT_S)
        self._client = anthropic.AsyncAnthropic(
            api_key=key.value,
            http_client=anthropic.DefaultAioHttpClient(follow_redirects=False, timeout=timeout),
            max_retries=0,
            open_telemetry=False,
            timeout=timeout,
        )
        self._url = str(self._client.base_url.join(_PATH))  # the SDK would join them for every call

    async def answer(self, prompt: Prompt) -> AsyncGenerator[str]:
        """Give an answer, piece by piece if the prompt says so, or raise `ModelFault`."""
        if not prompt.streamed:
            yield await self._whole(prompt)
            return
        is_whole = False
        with told(anthropic.AnthropicError):
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
        asked = {
            "max_tokens": prompt.answer_tokens,
            "messages": _messages(prompt),
            "model": self.name,
            "system": prompt.instructions,
        }
        with told(anthropic.AnthropicError):
            answer = await self._client.post(self._url, content=_ENCODER.encode(asked), cast_to=httpx2.Response)
            return "".join([block.text for block in _DECODER.decode(answer.content).content if block.type == "text"])


def _messages(prompt: Prompt) -> list[anthropic.types.MessageParam]:
    messages: list[anthropic.types.MessageParam] = []
    for author, text in prompt.said:
        if author is Author.PERSON:
            messages.append({"role": "user", "content": text})
        else:
            messages.append({"role": "assistant", "content": text})
    return messages
