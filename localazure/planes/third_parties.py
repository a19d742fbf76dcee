"""The services of others that the product calls: language models and the bot's API, under their own host names.

The egress proxy brings workloads here. None of them is Azure's; they are imitated as far as their official clients go,
and a script lets them be slow, busy, broken, cut off or malformed.
"""

import asyncio
import ssl
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler

from localazure.planes import anthropic, openai
from localazure.planes.language import TROUBLE
from localazure.planes.listener import Listener
from localazure.planes.telegram import HOST as TELEGRAM_HOST
from localazure.planes.telegram import Telegram

HOSTS: Final[tuple[str, ...]] = (anthropic.HOST, openai.HOST, TELEGRAM_HOST)
LONGEST_SECONDS: Final = 600
_BODY_BYTES: Final = 4 << 20


class Trouble(StrEnum):
    """What happens to a request."""

    BUSY = "busy"
    """429, in the service's own form; `seconds` is Retry-After."""
    BROKEN = "broken"
    """500, in the service's own form."""
    REDIRECTED = "redirected"
    """302 to another host."""
    SLOW = "slow"
    """It is answered after `seconds`."""
    CUT = "cut"
    """The connection ends in the middle of the answer."""
    MALFORMED = "malformed"
    """The answer goes on with what is no JSON."""


_STATUSES: Final[Mapping[Trouble, int]] = {Trouble.BUSY: 429, Trouble.BROKEN: 500}


@dataclass(frozen=True, kw_only=True)
class Strike:
    """One line of a script.

    Args:
        trouble: what happens.
        host: to requests for this host.
        times: to so many of them, from the next one on.
        seconds: Retry-After, or how long it takes.
    """

    trouble: Trouble
    host: str
    times: int = 1
    seconds: float = 1

    @staticmethod
    def of(line: Mapping[str, Any]) -> "Strike":
        """A line as it is written. Raises ValueError with key, value and what is allowed."""
        names = [field.name for field in fields(Strike)]
        if unknown := sorted(line.keys() - set(names)):
            raise ValueError(f"{unknown[0]} is no key of a strike. Allowed: {', '.join(names)}.")
        if line.get("trouble") not in set(Trouble):
            raise ValueError(f"trouble is {line.get('trouble')!r}. Allowed: {', '.join(Trouble)}.")
        if line.get("host") not in HOSTS:
            raise ValueError(f"host is {line.get('host')!r}. Allowed: {', '.join(HOSTS)}.")
        given: dict[str, Any] = {**line, "trouble": Trouble(line["trouble"])}
        strike = Strike(**given)
        limits = {"times": (1, 10**6), "seconds": (0, LONGEST_SECONDS)}
        for name, (least, most) in limits.items():
            value: Any = getattr(strike, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
                raise ValueError(f"{name} is {value!r}. Allowed: {least} to {most}.")
        return strike


class ThirdParties:
    """The services, behind one listener.

    Attributes:
        calls: how many requests each host got.
        telegram: what the bot said.

    """

    def __init__(self) -> None:
        self.calls: dict[str, int] = dict.fromkeys(HOSTS, 0)
        self.telegram = Telegram()
        self._listener: Listener | None = None
        self._left: list[list[Any]] = []
        self._replaced = asyncio.Event()

    async def start(self, context: ssl.SSLContext, port: int = 0) -> int:
        """Listen with a certificate for `HOSTS`, and give the port.

        Raises:
            StateError: The port is taken.

        """
        application = web.Application(middlewares=[self._layer()], client_max_size=_BODY_BYTES)
        application.router.add_post("/v1/chat/completions", openai.complete)
        application.router.add_post("/v1/messages", anthropic.answer)
        application.router.add_post("/bot{token}/sendMessage", self.telegram.send)
        self._listener = await Listener.open(application, context=context, port=port)
        return self._listener.port

    async def stop(self) -> None:
        """Stop listening."""
        self.script([])
        if self._listener is not None:
            await self._listener.close()
            self._listener = None

    def script(self, strikes: Iterable[Strike]) -> None:
        """Put a script in the place of the one before, whose waits end."""
        self._left = [[strike, strike.times] for strike in strikes]
        self._replaced.set()
        self._replaced = asyncio.Event()

    def status(self) -> Mapping[str, Any]:
        """How many requests each host got, and what the bot said, by chat."""
        return {"calls": self.calls, "telegram": self.telegram.said()}

    def _draw(self, host: str) -> Strike | None:
        for entry in self._left:
            if entry[0].host == host and entry[1] > 0:
                entry[1] -= 1
                return entry[0]
        return None

    def _layer(self) -> Any:
        @web.middleware
        async def layer(request: web.Request, handler: Handler) -> web.StreamResponse:
            host = request.host.partition(":")[0]
            if host not in HOSTS:
                raise web.HTTPNotFound(text=f"nobody plays {host}")
            self.calls[host] += 1
            strike = self._draw(host)
            if strike is None:
                return await handler(request)
            if strike.trouble in _STATUSES:
                return _refusal(host, _STATUSES[strike.trouble], strike.seconds)
            if strike.trouble is Trouble.REDIRECTED:
                raise web.HTTPFound(f"https://{_other(host)}{request.path_qs}")
            if strike.trouble is Trouble.SLOW:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._replaced.wait(), strike.seconds)
            request[TROUBLE] = strike.trouble.value
            return await handler(request)

        return layer


def _other(host: str) -> str:
    others: Sequence[str] = [one for one in HOSTS if one != host]
    return others[0]


def _refusal(host: str, status: int, seconds: float) -> web.Response:
    forms = {anthropic.HOST: anthropic.error, openai.HOST: openai.error}
    if host not in forms:
        return Telegram.refusal(status, seconds)
    response = forms[host](status, "the script says so")
    if status == _STATUSES[Trouble.BUSY]:
        response.headers["Retry-After"] = f"{seconds:g}"
    return response
