"""Models of OpenAI, by its official SDK; imported only where it is the provider, as the import takes half a second.

Asked by the SDK's own `post`, which its documentation has for requests of any kind: `chat.completions.create` looks at
each part of each message by the type of everything that it could be, so a call with eleven messages took three times
as much CPU time. Of a whole answer only what is of interest is read.
"""

from collections.abc import AsyncGenerator
from typing import Final

import httpx2
import msgspec
import openai
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam, CompletionCreateParams

from app.domain.language import Author, ModelFault, Prompt
from app.language.faults import told
from app.language.timeouts import CONNECT_S, SILENCE_S
from app.settings.reader import Secret

_PATH: Final = "/chat/completions"
_ENCODER: Final = msgspec.json.Encoder()


class _Said(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Said


class _Completion(msgspec.Struct):
    """An answer, as far as it is read."""

    choices: list[_Choice]


_DECODER: Final = msgspec.json.Decoder(_Completion)


class OpenAiModel:
    """One client for the process. It never tries again by itself and follows no redirect."""

    def __init__(self, name: str, key: Secret) -> None:
        self.name = name
        timeout = openai.Timeout(SILENCE_S, connect=CONNECT_S)
        self._client = openai.AsyncOpenAI(
            api_key=key.value,
            http_client=openai.DefaultAioHttpClient(follow_redirects=False, timeout=timeout),
            max_retries=0,
            timeout=timeout,
        )

    async def answer(self, prompt: Prompt) -> AsyncGenerator[str]:
        """Give an answer, piece by piece if the prompt says so, or raise `ModelFault`."""
        if not prompt.streamed:
            yield await self._whole(prompt)
            return
        is_whole = False
        with told(openai.OpenAIError):
            stream = await self._client.post(
                _PATH,
                body={**self._body(prompt), "stream": True},
                cast_to=ChatCompletionChunk,
                stream=True,
                stream_cls=openai.AsyncStream[ChatCompletionChunk],
            )
            async with stream:
                async for chunk in stream:
                    for choice in chunk.choices:
                        is_whole = is_whole or choice.finish_reason is not None
                        if choice.delta.content:
                            yield choice.delta.content
        if not is_whole:
            raise ModelFault("the stream ended before the answer", again=True)

    async def close(self) -> None:
        """Close its connections."""
        await self._client.close()

    async def _whole(self, prompt: Prompt) -> str:
        with told(openai.OpenAIError):
            asked = _ENCODER.encode(self._body(prompt))
            answer = await self._client.post(_PATH, content=asked, cast_to=httpx2.Response)
            return _DECODER.decode(answer.content).choices[0].message.content or ""

    def _body(self, prompt: Prompt) -> CompletionCreateParams:
        return {"max_completion_tokens": prompt.answer_tokens, "messages": _messages(prompt), "model": self.name}


def _messages(prompt: Prompt) -> list[ChatCompletionMessageParam]:
    messages: list[ChatCompletionMessageParam] = [{"role": "developer", "content": prompt.instructions}]
    for author, text in prompt.said:
        if author is Author.PERSON:
            messages.append({"role": "user", "content": text})
        else:
            messages.append({"role": "assistant", "content": text})
    return messages
