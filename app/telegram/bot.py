"""What the bot says, by the Telegram Bot API. The address of a call holds the token, so no error text is passed on."""

import asyncio
import random
from typing import Any, Final

import aiohttp
import msgspec

from app.circuits.probed import Circuit
from app.domain.errors import Unavailable
from app.domain.telegram import Line
from app.language.budget import RetryBudget
from app.settings.reader import Secret

ADDRESS: Final = "https://api.telegram.org"
WHOLE_S: Final = 10.0
"""Bound on a reply, all attempts together; below the time that a message of the queue has."""
ATTEMPTS: Final = 3
PAUSE_S: Final = 0.5
"""The longest pause before the second attempt; it doubles."""
_ANSWER_BYTES: Final = 64 * 1024
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500


class TelegramBot:
    """The port `TelegramReplies`.

    Args:
        http: A session; no redirect is followed.
        token: The bot's.
        circuit: Whether Telegram is asked at all.
        pause_s: The longest pause before the second attempt, in seconds.
        whole_s: Bound on a reply, in seconds.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        token: Secret,
        *,
        circuit: Circuit | None = None,
        pause_s: float = PAUSE_S,
        whole_s: float = WHOLE_S,
    ) -> None:
        self._http = http
        self._token = token
        self._circuit = circuit or Circuit("Telegram")
        self._budget = RetryBudget()
        self._pause_s = pause_s
        self._whole_s = whole_s

    async def send(self, line: Line) -> None:
        """Send a text to a chat, or raise `Unavailable`."""
        if self._token.is_placeholder:
            raise Unavailable("the token of the bot is the placeholder; set it in the key vault")
        self._budget.earn()
        time = asyncio.get_running_loop().time
        done_by = time() + self._whole_s
        for attempt in range(ATTEMPTS):
            pause = await self._attempt(line, left_s=done_by - time())
            if pause is None:
                return
            pause += random.uniform(0, self._pause_s * 2**attempt)  # noqa: S311 - spreads attempts
            if attempt + 1 == ATTEMPTS or time() + pause >= done_by or not self._budget.spend():
                break
            await asyncio.sleep(pause)
        raise Unavailable("Telegram takes no reply")

    async def _attempt(self, line: Line, *, left_s: float) -> float | None:
        """Send once; None when it is sent, else the seconds that Telegram asks to wait.

        Raises:
            Unavailable: Another attempt would not help.
        """
        with self._circuit.call() as call:
            try:
                status, answer = await self._post(line, left_s)
            except (aiohttp.ClientError, OSError, ValueError):
                call.failed = True
                return 0
            call.failed = status == _TOO_MANY or status >= _SERVER_ERROR
            call.succeeded = not call.failed
        if call.failed:
            return answer.parameters.retry_after
        if status != 200:  # noqa: PLR2004 - HTTP's own number
            raise Unavailable(f"Telegram refuses a reply with {status}")
        return None

    async def _post(self, line: Line, left_s: float) -> tuple[int, "_Answer"]:
        # Without a preview, Telegram does not fetch an address that somebody has put into a title either.
        body: dict[str, Any] = {
            "chat_id": line.chat,
            "text": line.text,
            "link_preview_options": {"is_disabled": True},
        }
        address = f"{ADDRESS}/bot{self._token.value}/sendMessage"
        bound = aiohttp.ClientTimeout(total=left_s)
        async with self._http.post(address, json=body, allow_redirects=False, timeout=bound) as response:
            said = await response.content.read(_ANSWER_BYTES)
        try:
            return response.status, msgspec.json.decode(said, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return response.status, _Answer()


class _Parameters(msgspec.Struct, frozen=True):
    retry_after: float = 0


class _Answer(msgspec.Struct, frozen=True):
    """What is read of an answer of Telegram ("Making requests", "ResponseParameters")."""

    parameters: _Parameters = _Parameters()
