"""The part of OpenAI's API that answers conversations (platform.openai.com/docs/api-reference/chat)."""

import json
import uuid
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final

from aiohttp import web

from localazure.planes.language import (
    Refused,
    demand,
    messages_of,
    pieces,
    read_document,
    reply,
    send_document,
    send_events,
)

HOST: Final = "api.openai.com"

_CREATED: Final = 1_764_000_000
_TOKENS: Final = 4096
_ROLES: Final = frozenset({"assistant", "developer", "system", "user"})
_CODES: Final[Mapping[int, str]] = {401: "invalid_api_key", 429: "rate_limit_exceeded"}
_TYPES: Final[Mapping[int, str]] = {429: "rate_limit_exceeded", 500: "server_error"}


def error(status: int, message: str, param: str = "") -> web.Response:
    """Refuse in OpenAI's form (platform.openai.com/docs/guides/error-codes)."""
    kind, code = _TYPES.get(status, "invalid_request_error"), _CODES.get(status)
    told = {"message": message, "type": kind, "param": param or None, "code": code}
    return web.json_response({"error": told}, status=status)


async def complete(request: web.Request) -> web.StreamResponse:
    """Answer a conversation, as a document or as a stream."""
    try:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        demand(scheme == "Bearer" and bool(key.strip()), "You didn't provide an API key.", status=401)
        body = await read_document(request, "We could not parse the JSON body of your request.")
        _check(body)
    except Refused as refused:
        return error(refused.status, refused.message, refused.param)
    texts = [message["content"] for message in body["messages"] if message["role"] in {"assistant", "user"}]
    words, is_all = pieces(reply(texts), body.get("max_completion_tokens") or _TOKENS)
    finish = "stop" if is_all else "length"
    head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": _CREATED, "model": body["model"]}
    if body.get("stream"):
        return await send_events(request, _events(head, words, finish))
    return send_document(request, _document(head, words, finish, texts))


def _check(body: dict[str, Any]) -> None:
    """Demand what OpenAI does, in its words."""
    has_model = bool(body.get("model")) and isinstance(body["model"], str)
    demand(has_model, "you must provide a model parameter", param="model")
    messages = messages_of(body, "Missing required parameter: 'messages'.")
    for number, message in enumerate(messages):
        at = f"messages[{number}]"
        supported = f"Invalid value. Supported values are: {', '.join(sorted(_ROLES))}."
        demand(message.get("role") in _ROLES, supported, param=f"{at}.role")
        demand(isinstance(message.get("content"), str), "Invalid type: expected a string.", param=f"{at}.content")
    demand(any(message["role"] == "user" for message in messages), "expected a message of the user", param="messages")
    most: Any = body.get("max_completion_tokens", 1)
    demand(isinstance(most, int) and most >= 1, "expected an integer of at least 1", param="max_completion_tokens")


def _events(head: Mapping[str, Any], words: Sequence[str], finish: str) -> Generator[bytes]:
    deltas: list[tuple[dict[str, str], str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": word}, None) for word in words]
    deltas.append(({}, finish))
    for delta, reason in deltas:
        choices = [{"index": 0, "delta": delta, "finish_reason": reason}]
        chunk = {**head, "object": "chat.completion.chunk", "choices": choices}
        yield b"data: " + json.dumps(chunk).encode() + b"\n\n"
    yield b"data: [DONE]\n\n"


def _document(head: Mapping[str, Any], words: Sequence[str], finish: str, texts: Sequence[str]) -> dict[str, Any]:
    message = {"role": "assistant", "content": "".join(words), "refusal": None}
    asked = sum(len(text.split()) for text in texts)
    usage = {"prompt_tokens": asked, "completion_tokens": len(words), "total_tokens": asked + len(words)}
    choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
    return {**head, "object": "chat.completion", "choices": [choice], "usage": usage}
