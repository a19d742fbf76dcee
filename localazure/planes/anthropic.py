"""The part of Anthropic's API that answers conversations (platform.claude.com/docs/en/api/messages)."""

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

HOST: Final = "api.anthropic.com"

_TYPES: Final[Mapping[int, str]] = {401: "authentication_error", 429: "rate_limit_error", 500: "api_error"}


def error(status: int, message: str) -> web.Response:
    """Refuse in Anthropic's form (platform.claude.com/docs/en/api/errors)."""
    kind = _TYPES.get(status, "invalid_request_error")
    return web.json_response({"type": "error", "error": {"type": kind, "message": message}}, status=status)


async def answer(request: web.Request) -> web.StreamResponse:
    """Answer a conversation, as a document or as a stream."""
    try:
        demand(_has_key(request), "x-api-key header is required", status=401)
        demand("anthropic-version" in request.headers, "anthropic-version: header is required")
        body = await read_document(request, "The request body is not valid JSON")
        _check(body)
    except Refused as refused:
        return error(refused.status, refused.message)
    texts = [message["content"] for message in body["messages"]]
    words, is_all = pieces(reply(texts), body["max_tokens"])
    message = _message(body["model"], asked=sum(len(text.split()) for text in texts))
    reason = "end_turn" if is_all else "max_tokens"
    if body.get("stream"):
        return await send_events(request, _events(message, words, reason))
    usage = {**message["usage"], "output_tokens": len(words)}
    content = [{"type": "text", "text": "".join(words)}]
    return send_document(request, {**message, "content": content, "stop_reason": reason, "usage": usage})


def _has_key(request: web.Request) -> bool:
    """Whether a key is shown: in a header of its own or, as the SDK does from version 2, as a bearer token."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return bool(request.headers.get("x-api-key", "").strip() or (scheme == "Bearer" and token.strip()))


def _check(body: dict[str, Any]) -> None:
    """Demand what Anthropic does, in its words."""
    demand(bool(body.get("model")) and isinstance(body["model"], str), "model: Field required")
    most: Any = body.get("max_tokens")
    demand(isinstance(most, int) and most >= 1, "max_tokens: Input should be greater than or equal to 1")
    messages = messages_of(body, "messages: at least one message is required")
    for number, message in enumerate(messages):
        at = f"messages.{number}"
        allowed = message.get("role") in {"assistant", "user"}
        demand(allowed, f'{at}.role: Unexpected role. Allowed inputs are "user" or "assistant".')
        content: Any = message.get("content")
        demand(isinstance(content, str) and bool(content.strip()), f"{at}.content: text content must be non-empty")
    demand(messages[0]["role"] == "user", "messages: first message must use the user role")
    demand(isinstance(body.get("system", ""), str), "system: Input should be a valid string")


def _message(model: str, *, asked: int) -> dict[str, Any]:
    return {
        "id": f"msg_{uuid.uuid4().hex}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": asked, "output_tokens": 1},
    }


def _events(message: Mapping[str, Any], words: Sequence[str], reason: str) -> Generator[bytes]:
    """The events of an answer (platform.claude.com/docs/en/build-with-claude/streaming)."""
    deltas = [{"index": 0, "delta": {"type": "text_delta", "text": word}} for word in words]
    end = {"delta": {"stop_reason": reason, "stop_sequence": None}, "usage": {"output_tokens": len(words)}}
    events: list[tuple[str, Mapping[str, Any]]] = [
        ("message_start", {"message": message}),
        ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
        *(("content_block_delta", delta) for delta in deltas),
        ("content_block_stop", {"index": 0}),
        ("message_delta", end),
        ("message_stop", {}),
    ]
    for name, data in events:
        yield b"event: %s\ndata: %s\n\n" % (name.encode(), json.dumps({"type": name, **data}).encode())
