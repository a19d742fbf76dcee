"""The part of the Telegram Bot API that sends messages (core.telegram.org/bots/api#sendmessage). Nobody reads them."""

import itertools
import time
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiohttp import web

from localazure.planes.language import Refused, demand, read_document, send_document

HOST: Final = "api.telegram.org"

_CHATS_MAX: Final = 1000
_KEPT: Final = 20
_TEXT_MAX: Final = 4096
_TOO_MANY: Final = 429
_DESCRIPTIONS: Final[Mapping[int, str]] = {429: "Too Many Requests: retry later", 500: "Internal Server Error"}


class Telegram:
    """Takes what a bot says, and keeps the last of it, by chat."""

    def __init__(self) -> None:
        self._chats: OrderedDict[int, deque[str]] = OrderedDict()
        self._numbers = itertools.count(1)

    def said(self) -> Mapping[str, Sequence[str]]:
        """The last texts, by chat."""
        return {str(chat): list(texts) for chat, texts in self._chats.items()}

    async def send(self, request: web.Request) -> web.Response:
        """Send a message to a chat."""
        try:
            demand(":" in request.match_info["token"], "Unauthorized", status=401)
            body = await read_document(request, "Bad Request: can't parse the JSON body")
            chat: Any = body.get("chat_id")
            text: Any = body.get("text")
            demand(isinstance(chat, int) and chat != 0, "Bad Request: chat not found")
            demand(isinstance(text, str) and bool(text.strip()), "Bad Request: message text is empty")
            demand(len(text) <= _TEXT_MAX, "Bad Request: message is too long")
        except Refused as refused:
            return _refused(refused.status, refused.message)
        self._keep(chat, text)
        sent = {
            "message_id": next(self._numbers),
            "date": int(time.time()),
            "chat": {"id": chat, "type": "private"},
            "text": text,
        }
        return send_document(request, {"ok": True, "result": sent})

    def _keep(self, chat: int, text: str) -> None:
        self._chats.setdefault(chat, deque(maxlen=_KEPT)).append(text)
        self._chats.move_to_end(chat)
        if len(self._chats) > _CHATS_MAX:
            self._chats.popitem(last=False)

    @staticmethod
    def refusal(status: int, seconds: float) -> web.Response:
        """The answer of a script; a wait is told as Telegram tells it (ResponseParameters)."""
        parameters = {"parameters": {"retry_after": int(seconds)}} if status == _TOO_MANY else {}
        return _refused(status, _DESCRIPTIONS[status], **parameters)


def _refused(status: int, description: str, **more: Any) -> web.Response:
    return web.json_response({"ok": False, "error_code": status, "description": description, **more}, status=status)
